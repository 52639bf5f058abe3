// SPDX-License-Identifier: Apache-2.0

using System.Security.Cryptography;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Images.Tests;

/// <summary>The SBOMs follow SPDX 2.3, and what they list is what the images are made of.</summary>
[Collection(typeof(BuiltImagesCollection))]
public sealed partial class SbomTests(BuiltImages images)
{
    public static TheoryData<string, string> Images => new()
    {
        { BuiltImages.Controller, "RuntimeGVisor.Controller" },
        { BuiltImages.Admission, "RuntimeGVisor.Admission" },
        { BuiltImages.NodeInstaller, "RuntimeGVisor.NodeInstaller" },
    };

    private JsonElement Sbom(string name)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(Path.Combine(images.Output, $"{name}-amd64.spdx.json")));
        return document.RootElement.Clone();
    }

    private static IEnumerable<JsonElement> Packages(JsonElement sbom) => sbom.GetProperty("packages").EnumerateArray();

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString()!;

    [Theory]
    [MemberData(nameof(Images))]
    public void The_SBOM_has_what_the_format_demands(string name, string project)
    {
        _ = project;
        var sbom = Sbom(name);

        Text(sbom, "spdxVersion").Should().Be("SPDX-2.3");
        Text(sbom, "dataLicense").Should().Be("CC0-1.0");
        Text(sbom, "SPDXID").Should().Be("SPDXRef-DOCUMENT");
        Text(sbom, "name").Should().NotBeEmpty();
        var space = new Uri(Text(sbom, "documentNamespace"));
        space.IsAbsoluteUri.Should().BeTrue();
        space.Fragment.Should().BeEmpty();
        var creation = sbom.GetProperty("creationInfo");
        Text(creation, "created").Should().MatchRegex("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$");
        creation.GetProperty("creators").EnumerateArray().Should().NotBeEmpty()
            .And.AllSatisfy(creator => creator.GetString().Should().MatchRegex("^(Tool|Organization|Person): .+"));
        Packages(sbom).Should().AllSatisfy(package =>
        {
            Text(package, "SPDXID").Should().MatchRegex("^SPDXRef-[A-Za-z0-9.-]+$");
            Text(package, "name").Should().NotBeEmpty();
            Text(package, "versionInfo").Should().NotBeEmpty();
            Text(package, "downloadLocation").Should().Be("NOASSERTION");
            package.GetProperty("filesAnalyzed").GetBoolean().Should().BeFalse("no files are listed for packages");
            LicenseExpression().IsMatch(Text(package, "licenseDeclared")).Should().BeTrue(Text(package, "licenseDeclared"));
            foreach (var checksum in package.TryGetProperty("checksums", out var checksums) ? checksums.EnumerateArray() : default)
            {
                var digits = Text(checksum, "algorithm") switch { "SHA256" => 64, "SHA512" => 128, _ => 0 };
                Text(checksum, "checksumValue").Should().MatchRegex($"^[0-9a-f]{{{digits}}}$");
            }

            foreach (var reference in package.TryGetProperty("externalRefs", out var references) ? references.EnumerateArray() : default)
            {
                (Text(reference, "referenceCategory"), Text(reference, "referenceType")).Should().Be(("PACKAGE-MANAGER", "purl"));
                Text(reference, "referenceLocator").Should().MatchRegex(@"^pkg:[a-z]+(/[A-Za-z0-9._~%-]+)+@[A-Za-z0-9._~%:-]+(\?[a-z_]+=[^&\s]+(&[a-z_]+=[^&\s]+)*)?$");
            }
        });
    }

    [Theory]
    [MemberData(nameof(Images))]
    public void Identifiers_are_unique_and_everything_is_reached_from_the_document(string name, string project)
    {
        _ = project;
        var sbom = Sbom(name);
        var identifiers = Packages(sbom).Select(package => Text(package, "SPDXID")).ToArray();
        var relationships = sbom.GetProperty("relationships").EnumerateArray()
            .Select(relationship => (From: Text(relationship, "spdxElementId"), Kind: Text(relationship, "relationshipType"), To: Text(relationship, "relatedSpdxElement")))
            .ToArray();

        identifiers.Should().OnlyHaveUniqueItems();
        relationships.Select(relationship => relationship.Kind).Should().OnlyContain(kind => kind == "DESCRIBES" || kind == "CONTAINS" || kind == "STATIC_LINK");
        relationships.Where(relationship => relationship.From == "SPDXRef-DOCUMENT").Should().Equal(("SPDXRef-DOCUMENT", "DESCRIBES", "SPDXRef-image"));
        var reached = new HashSet<string> { "SPDXRef-DOCUMENT" };
        for (var known = 0; known < reached.Count;)
        {
            known = reached.Count;
            reached.UnionWith([.. relationships.Where(relationship => reached.Contains(relationship.From)).Select(relationship => relationship.To)]);
        }

        reached.Should().BeEquivalentTo([.. identifiers, "SPDXRef-DOCUMENT"]);
    }

    [Theory]
    [MemberData(nameof(Images))]
    public void The_SBOM_describes_this_very_image_and_program(string name, string project)
    {
        _ = project;
        var sbom = Sbom(name);
        var digest = Text(new ImageArchive(Path.Combine(images.Output, $"{name}-amd64.tar")).Content, "digest");

        SumOf(sbom, "SPDXRef-image").Should().Be(digest.Replace("sha256:", "", StringComparison.Ordinal));
        SumOf(sbom, "SPDXRef-program").Should().Be(Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(BuiltImages.Executable(name)))));
        Text(sbom, "documentNamespace").Should().EndWith(digest.Replace("sha256:", "", StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Images))]
    public void The_SBOM_lists_the_packages_in_the_program_with_version_licence_and_checksum(string name, string project)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(Path.Combine(Repository.Root, "src", project, "packages.lock.json")));
        var locked = document.RootElement.GetProperty("dependencies").GetProperty("net10.0").EnumerateObject()
            .Where(package => Text(package.Value, "type") != "Project")
            .Select(package => (package.Name, Version: Text(package.Value, "resolved")))
            .Where(package => !OnlyForBuilding.Contains(package.Name));

        var sbom = Sbom(name);
        var listed = Packages(sbom).Where(package => Purl(package).StartsWith("pkg:nuget/", StringComparison.Ordinal)).ToArray();

        listed.Select(package => (Text(package, "name"), Text(package, "versionInfo")))
            .Where(package => !package.Item1.Contains("Runtime.", StringComparison.Ordinal))
            .Should().BeEquivalentTo(locked);
        listed.Should().AllSatisfy(package =>
        {
            Text(package, "licenseDeclared").Should().BeOneOf("MIT", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause");
            SumOf(sbom, Text(package, "SPDXID")).Should().HaveLength(128);
        });
    }

    [Theory]
    [MemberData(nameof(Images))]
    public void The_SBOM_lists_the_runtime_and_the_static_libraries_of_Debian(string name, string project)
    {
        _ = project;
        var packages = Packages(Sbom(name)).ToDictionary(package => Text(package, "name"), package => Text(package, "licenseDeclared"));

        packages.Should().Contain("Microsoft.NETCore.App.Runtime.NativeAOT.linux-x64", "MIT")
            .And.Contain("Microsoft.AspNetCore.App.Runtime.linux-x64", "MIT")
            .And.Contain("libc6-dev", "LGPL-2.1-or-later");
        packages.ContainsKey("libssl-dev").Should().Be(name != BuiltImages.NodeInstaller, "the node installer speaks no TLS");
    }

    [Fact]
    public void The_SBOM_lists_gVisor_with_the_checksum_of_each_file()
    {
        var sbom = Sbom(BuiltImages.NodeInstaller);

        Text(Packages(sbom).Single(package => Text(package, "name") == "gvisor"), "versionInfo").Should().Be(GVisorStorage.Archive);
        foreach (var file in (string[])["runsc", "containerd-shim-runsc-v1", "gvisor-bin/gvisor_sentry"])
        {
            SumOf(sbom, $"SPDXRef-gvisor-{file.Replace("/", "-", StringComparison.Ordinal).Replace("_", "-", StringComparison.Ordinal)}")
                .Should().Be(Convert.ToHexStringLower(SHA512.HashData(Executables.For("amd64", file))));
        }

        Packages(Sbom(BuiltImages.Controller)).Select(package => Text(package, "name")).Should().NotContain("gvisor");
    }

    /// <summary>Analyzers, compilers and code generators.</summary>
    private static readonly string[] OnlyForBuilding =
    [
        "Grpc.Tools",
        "Meziantou.Analyzer",
        "Microsoft.CodeAnalysis.BannedApiAnalyzers",
        "Microsoft.DotNet.ILCompiler",
        // Its generator of log methods; the library itself is part of the framework.
        "Microsoft.Extensions.Logging.Abstractions",
        "Microsoft.NET.ILLink.Tasks",
        "Microsoft.VisualStudio.Threading.Analyzers",
        "Vecc.YamlDotNet.Analyzers.StaticGenerator",
    ];

    private static string Purl(JsonElement package) =>
        package.TryGetProperty("externalRefs", out var references) ? Text(references[0], "referenceLocator") : "";

    private static string SumOf(JsonElement sbom, string identifier) =>
        Text(Packages(sbom).Single(package => Text(package, "SPDXID") == identifier).GetProperty("checksums")[0], "checksumValue");

    [GeneratedRegex("^(NOASSERTION|[A-Za-z0-9.-]+( WITH [A-Za-z0-9.-]+)?( (AND|OR) [A-Za-z0-9.-]+( WITH [A-Za-z0-9.-]+)?)*)$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex LicenseExpression();
}
