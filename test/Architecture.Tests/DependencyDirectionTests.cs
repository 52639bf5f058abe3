// SPDX-License-Identifier: Apache-2.0

using System.Xml.Linq;

namespace Architecture.Tests;

/// <summary>Dependencies point downwards only: machinery, Gardener's contract, the domain, the programs.</summary>
public sealed class DependencyDirectionTests
{
    private static readonly Dictionary<string, string[]> Allowed = new(StringComparer.Ordinal)
    {
        ["Hosting"] = [],
        ["Kubernetes.Controllers"] = ["Hosting"],
        ["Gardener.Extensions"] = ["Hosting", "Kubernetes.Controllers"],
        ["RuntimeGVisor.NodeConfiguration"] = [],
        ["RuntimeGVisor"] = ["Gardener.Extensions", "RuntimeGVisor.NodeConfiguration"],
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

    private static string SourceRoot()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory.FullName, "global.json")))
        {
            directory = directory.Parent ?? throw new InvalidOperationException("The repository's root was not found.");
        }

        return Path.Combine(directory.FullName, "src");
    }
}
