// SPDX-License-Identifier: Apache-2.0

using System.Xml.Linq;

namespace Architecture.Tests;

/// <summary>A project depends only on what its table entry allows: programs on the domain, the domain on Gardener's contract, that on the machinery.</summary>
public sealed class DependencyDirectionTests
{
    private static readonly Dictionary<string, string[]> Allowed = new(StringComparer.Ordinal)
    {
        ["Hosting"] = [],
        ["Kubernetes.Controllers"] = ["Hosting"],
        ["Gardener.Extensions"] = ["Hosting", "Kubernetes.Controllers"],
        ["RuntimeGVisor.NodeConfiguration"] = [],
        ["RuntimeGVisor"] = ["Gardener.Extensions", "RuntimeGVisor.NodeConfiguration"],
        ["RuntimeGVisor.Admission"] = ["Hosting", "Kubernetes.Controllers", "Gardener.Extensions", "RuntimeGVisor"],
        ["RuntimeGVisor.Controller"] = ["Hosting", "Kubernetes.Controllers", "Gardener.Extensions", "RuntimeGVisor", "RuntimeGVisor.NodeConfiguration"],
        ["RuntimeGVisor.NodeInstaller"] = ["Hosting", "RuntimeGVisor.NodeConfiguration"],
    };

    public static TheoryData<string> Projects() => [.. Directory.GetDirectories(SourceRoot()).Select(directory => Path.GetFileName(directory))];

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_project_refers_only_to_what_lies_below_it(string project)
    {
        Allowed.Should().ContainKey(project, "a new project states here what it may depend on");

        ReferencesOf(project).Should().BeSubsetOf(Allowed[project]);
    }

    private static IEnumerable<string> ReferencesOf(string project) =>
        XDocument.Load(Path.Combine(SourceRoot(), project, $"{project}.csproj"))
            .Descendants("ProjectReference")
            .Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value));

    private static string SourceRoot() => Path.Combine(Repository.Root, "src");
}
