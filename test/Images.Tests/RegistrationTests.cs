// SPDX-License-Identifier: Apache-2.0

using System.Formats.Tar;
using System.IO.Compression;
using YamlDotNet.RepresentationModel;

namespace Images.Tests;

/// <summary>example/: what an operator applies to register the extension. (Gardener contract 7.1: registration chain.)</summary>
public sealed class RegistrationTests
{
    private const string Chart = "charts/gardener-extension-runtime-gvisor";

    private static string Version { get; } = File.ReadAllText(Path.Combine(Repository.Root, "VERSION")).Trim();

    [Fact]
    public void The_extension_names_type_and_chart_of_this_version()
    {
        var extension = Objects("extension.yaml").Single();

        Value(extension, "apiVersion").Should().Be("operator.gardener.cloud/v1alpha1");
        Value(extension, "kind").Should().Be("Extension");
        IsNamedAndRestrictsPods(extension);
        Value(extension, "spec", "resources", "0", "kind").Should().Be("ContainerRuntime");
        Value(extension, "spec", "resources", "0", "type").Should().Be("gvisor");
        Value(extension, "spec", "deployment", "extension", "helm", "ociRepository", "ref").Should().EndWith($"/charts/runtime-gvisor:v{Version}");
    }

    [Fact]
    public void The_extension_with_the_admission_names_both_charts_of_this_version_and_the_image()
    {
        var extension = Objects("extension/admission/extension.yaml").Single();

        foreach (var (cluster, chart) in ((string, string)[])[("runtimeCluster", "runtime"), ("virtualCluster", "application")])
        {
            Value(extension, "spec", "deployment", "admission", cluster, "helm", "ociRepository", "ref").Should()
                .EndWith($"/charts/admission-runtime-gvisor-{chart}:v{Version}");
        }

        Value(extension, "spec", "deployment", "admission", "values", "image", "repository").Should().EndWith("/admission-runtime-gvisor");
    }

    [Fact]
    public void The_registration_refers_to_its_deployment()
    {
        var objects = Objects("controller-registration.yaml");

        objects.Select(found => (Value(found, "apiVersion"), Value(found, "kind"), Value(found, "metadata", "name"))).Should().Equal(
            ("core.gardener.cloud/v1", "ControllerDeployment", "runtime-gvisor"),
            ("core.gardener.cloud/v1beta1", "ControllerRegistration", "runtime-gvisor"));
        IsNamedAndRestrictsPods(objects[1]);
        Value(objects[1], "spec", "deployment", "deploymentRefs", "0", "name").Should().Be("runtime-gvisor");
        Value(objects[1], "spec", "resources", "0", "kind").Should().Be("ContainerRuntime");
        Value(objects[1], "spec", "resources", "0", "type").Should().Be("gvisor");
    }

    [Fact]
    public void The_chart_inside_is_the_chart_of_this_version_below_a_directory_of_its_name()
    {
        var packed = Convert.FromBase64String(Value(Objects("controller-registration.yaml")[0], "helm", "rawChart"));

        var files = new Dictionary<string, string>(StringComparer.Ordinal);
        using var reader = new TarReader(new GZipStream(new MemoryStream(packed), CompressionMode.Decompress));
        while (reader.GetNextEntry(copyData: true) is { } entry)
        {
            if (entry.EntryType != TarEntryType.Directory)
            {
                files.Add(entry.Name, new StreamReader(entry.DataStream!).ReadToEnd());
            }
        }

        var source = Path.Combine(Repository.Root, Chart);
        files.Should().Equal(Directory.GetFiles(source, "*", SearchOption.AllDirectories)
            .ToDictionary(file => Path.GetRelativePath(Path.Combine(Repository.Root, "charts"), file), File.ReadAllText));
        files["gardener-extension-runtime-gvisor/Chart.yaml"].Should().Contain($"\nversion: {Version}\n").And.Contain($"\nappVersion: {Version}\n");
    }

    [Theory]
    [InlineData("extension")]
    [InlineData("extension/base")]
    [InlineData("extension/admission")]
    [InlineData("extension/private-registry")]
    public void A_kustomization_names_files_that_exist_and_patches_what_the_base_has(string folder)
    {
        var kustomization = Objects($"{folder}/kustomization.yaml").Single();

        foreach (var resource in (YamlSequenceNode)kustomization["resources"])
        {
            Path.Exists(Path.Combine(Repository.Root, "example", folder, ((YamlScalarNode)resource).Value!)).Should().BeTrue();
        }

        var extension = Objects("extension/base/extension.yaml").Single();
        foreach (var patch in ((YamlMappingNode)kustomization).Children.TryGetValue("patches", out var patches) ? (YamlSequenceNode)patches : [])
        {
            var patched = Objects($"{folder}/{Value(patch, "path")}").Single();
            foreach (var identity in (string[][])[["apiVersion"], ["kind"], ["metadata", "name"]])
            {
                Value(patched, identity).Should().Be(Value(extension, identity));
            }
        }
    }

    [Fact]
    public void The_extension_of_a_private_registry_says_where_the_node_installer_is() =>
        Value(Objects("extension/private-registry/extension.yaml").Single(), "spec", "deployment", "extension", "values", "imageVectorOverwrite", "images", "0", "name")
            .Should().Be("runtime-gvisor-installation");

    [Fact]
    public void The_OCM_component_has_the_images_that_image_vector_and_chart_refer_to()
    {
        var component = Load(".ocm/component-constructor.yaml").Single()["components"][0];
        var vector = Load("src/RuntimeGVisor/Images/images.yaml").Single()["images"][0];

        Value(component, "version").Should().Be($"v{Version}");
        File.ReadAllText(Path.Combine(Repository.Root, "example/extension/landscape-kit/ocm-component-name")).Trim().Should().Be(Value(component, "name"));
        var resources = ((YamlSequenceNode)component["resources"]).ToArray();
        resources.Select(resource => (Value(resource, "name"), Value(resource, "type"))).Should().Equal(
            ("gardener-extension-runtime-gvisor", "ociImage"),
            ("gardener-extension-admission-runtime-gvisor", "ociImage"),
            ("gardener-extension-runtime-gvisor-installation", "ociImage"),
            ("runtime-gvisor", "helmChart/v1"),
            ("runtime-gvisor", "helmchart-imagemap"),
            ("admission-runtime-gvisor-runtime", "helmChart/v1"),
            ("admission-runtime-gvisor-runtime", "helmchart-imagemap"),
            ("admission-runtime-gvisor-application", "helmChart/v1"));
        Value(resources[2], "name").Should().Be(Value(vector, "resourceId", "name"));
        Value(resources[2], "labels", "0", "value").Should().Be(Value(vector, "name"));
        var deployment = Objects("extension.yaml").Single()["spec"]["deployment"];
        var admission = Objects("extension/admission/extension.yaml").Single()["spec"]["deployment"]["admission"];
        Value(resources[1], "access", "imageReference").Should().Be($"{Value(admission, "values", "image", "repository")}:v{Version}");
        Value(resources[3], "access", "imageReference").Should().Be(Value(deployment, "extension", "helm", "ociRepository", "ref"));
        Value(resources[5], "access", "imageReference").Should().Be(Value(admission, "runtimeCluster", "helm", "ociRepository", "ref"));
        Value(resources[7], "access", "imageReference").Should().Be(Value(admission, "virtualCluster", "helm", "ociRepository", "ref"));
        Value(resources[4], "input", "formattedJson", "imageMapping", "0", "resource", "name").Should().Be(Value(resources[0], "name"));
        Value(resources[6], "input", "formattedJson", "imageMapping", "0", "resource", "name").Should().Be(Value(resources[1], "name"));
    }

    private static void IsNamedAndRestrictsPods(YamlNode found)
    {
        Value(found, "metadata", "name").Should().Be("runtime-gvisor");
        Value(found, "metadata", "annotations", "security.gardener.cloud/pod-security-enforce").Should().Be("restricted");
    }

    private static IReadOnlyList<YamlNode> Objects(string file) => Load(Path.Combine("example", file));

    private static IReadOnlyList<YamlNode> Load(string file)
    {
        using var reader = new StreamReader(Path.Combine(Repository.Root, file));
        var stream = new YamlStream();
        stream.Load(reader);
        return [.. stream.Documents.Select(document => document.RootNode)];
    }

    private static string Value(YamlNode node, params string[] path)
    {
        foreach (var step in path)
        {
            node = node is YamlSequenceNode ? node[int.Parse(step, System.Globalization.CultureInfo.InvariantCulture)] : node[step];
        }

        return ((YamlScalarNode)node).Value!;
    }
}
