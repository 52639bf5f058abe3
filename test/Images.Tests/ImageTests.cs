// SPDX-License-Identifier: Apache-2.0

using System.Formats.Tar;
using System.Globalization;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using RuntimeGVisor.NodeInstaller.Releases;

namespace Images.Tests;

/// <summary>The images as a container runtime and a registry would read them.</summary>
[Collection(typeof(BuiltImagesCollection))]
public sealed class ImageTests(BuiltImages images)
{
    private const UnixFileMode Executable = (UnixFileMode)0b111_101_101;
    private const UnixFileMode Text = (UnixFileMode)0b110_100_100;

    private static readonly (string Name, UnixFileMode Mode)[] Licenses = [("./licenses/LICENSE", Text), ("./licenses/THIRD-PARTY-NOTICES.txt", Text)];

    private static string Version { get; } = File.ReadAllText(Path.Combine(Repository.Root, "VERSION")).Trim();

    private ImageArchive Archive(string name) => new(Path.Combine(images.Output, $"{name}.tar"));

    private Image ImageOf(string name)
    {
        var archive = Archive($"{name}-amd64");
        return archive.Image(archive.Content);
    }

    [Theory]
    [InlineData(BuiltImages.Controller)]
    [InlineData(BuiltImages.Admission)]
    public void The_image_is_its_program_with_licences_and_nothing_else(string name)
    {
        var image = ImageOf(name);

        image.Files.Select(Described).Should().Equal([($"./{name}", Executable), .. Licenses]);
        Content(image, $"./{name}").Should().Equal(File.ReadAllBytes(BuiltImages.Executable(name)));
    }

    [Fact]
    public void The_node_installers_image_has_gVisor_in_a_layer_of_its_own()
    {
        var image = ImageOf(BuiltImages.NodeInstaller);

        image.Layers.Should().HaveCount(2);
        image.Layers[0].Where(entry => entry.EntryType != TarEntryType.Directory).Select(Described).Should().Equal(
            ("./gvisor/SHA512SUMS", Text),
            ("./gvisor/VERSION", Text),
            ("./gvisor/containerd-shim-runsc-v1", Executable),
            ("./gvisor/gvisor-bin/gvisor_sentry", Executable),
            ("./gvisor/runsc", Executable));
        image.Layers[1].Where(entry => entry.EntryType != TarEntryType.Directory).Select(Described).Should()
            .Equal([("./gvisor-node-installer", Executable), .. Licenses]);
    }

    [Theory]
    [InlineData(BuiltImages.Controller)]
    [InlineData(BuiltImages.Admission)]
    [InlineData(BuiltImages.NodeInstaller)]
    public void Files_belong_to_root_and_carry_no_time(string name) => ImageOf(name).Layers.SelectMany(layer => layer).Should().AllSatisfy(entry =>
    {
        (entry.Uid, entry.Gid, entry.ModificationTime).Should().Be((0, 0, DateTimeOffset.UnixEpoch));
        (entry.EntryType is TarEntryType.Directory ? entry.Mode : Executable).Should().Be(Executable);
    });

    [Theory]
    [InlineData(BuiltImages.Controller)]
    [InlineData(BuiltImages.Admission)]
    [InlineData(BuiltImages.NodeInstaller)]
    public void Everything_that_the_SBOM_names_has_its_licence_in_the_image(string name)
    {
        var image = ImageOf(name);
        Content(image, "./licenses/LICENSE").Should().Equal(File.ReadAllBytes(Path.Combine(Repository.Root, "LICENSE")));
        var notices = Encoding.UTF8.GetString(Content(image, "./licenses/THIRD-PARTY-NOTICES.txt"));

        using var sbom = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(images.Output, $"{name}-amd64.spdx.json")));
        var libraries = sbom.RootElement.GetProperty("packages").EnumerateArray()
            .Where(package => package.TryGetProperty("primaryPackagePurpose", out var purpose) && purpose.GetString() == "LIBRARY")
            .Select(package => $"{package.GetProperty("name")} {package.GetProperty("versionInfo")}, {package.GetProperty("licenseDeclared")}").ToArray();
        libraries.Should().NotBeEmpty();
        var sections = notices.Split(new string('=', 100)).Select(section => section.Trim()).ToArray();
        libraries.Should().AllSatisfy(library => sections.Should().ContainSingle(section => section.StartsWith(library, StringComparison.Ordinal))
            .Which[library.Length..].Should().MatchRegex("(?i)copyright|licen[cs]e"));
        sections.Any(section => section.StartsWith("gVisor, Apache-2.0", StringComparison.Ordinal)).Should().Be(name == BuiltImages.NodeInstaller);
    }

    [Theory]
    [InlineData(BuiltImages.Controller, "/gardener-extension-runtime-gvisor", "65532:65532")]
    [InlineData(BuiltImages.Admission, "/gardener-extension-admission-runtime-gvisor", "65532:65532")]
    [InlineData(BuiltImages.NodeInstaller, "/gvisor-node-installer", null)]
    public void The_configuration_names_program_and_user_and_the_labels_say_what_it_is(string name, string program, string? user)
    {
        var image = ImageOf(name);

        image.Configuration.GetProperty("architecture").GetString().Should().Be("amd64");
        image.Configuration.GetProperty("os").GetString().Should().Be("linux");
        var config = image.Configuration.GetProperty("config");
        config.GetProperty("Entrypoint").EnumerateArray().Select(part => part.GetString()).Should().Equal(program);
        (config.TryGetProperty("User", out var found) ? found.GetString() : null).Should().Be(user);
        var labels = config.GetProperty("Labels").Deserialize<Dictionary<string, string>>()!;
        labels["org.opencontainers.image.title"].Should().StartWith("Gardener extension for gVisor");
        labels["org.opencontainers.image.version"].Should().Be(Version);
        labels["org.opencontainers.image.licenses"].Should().Be("Apache-2.0");
        labels["org.opencontainers.image.source"].Should().Be("https://github.com/gardener/gardener-extension-runtime-gvisor");
        image.Manifest.GetProperty("annotations").Deserialize<Dictionary<string, string>>().Should().Equal(labels);
    }

    [Theory]
    [InlineData(BuiltImages.Controller)]
    [InlineData(BuiltImages.Admission)]
    [InlineData(BuiltImages.NodeInstaller)]
    public void The_program_names_no_directory_of_the_machine_that_built_it(string name)
    {
        var program = File.ReadAllBytes(BuiltImages.Executable(name));

        // Elsewhere the directories are others, and so the bytes would be.
        foreach (var directory in (string[])[".nuget/packages", Repository.Root])
        {
            program.AsSpan().IndexOf(Encoding.UTF8.GetBytes(directory)).Should().Be(-1, directory);
        }
    }

    [Theory]
    [InlineData(BuiltImages.Controller)]
    [InlineData(BuiltImages.Admission)]
    [InlineData(BuiltImages.NodeInstaller)]
    public async Task Commit_and_time_are_those_that_the_program_was_built_from(string name)
    {
        var image = ImageOf(name);
        var version = (await ChildProcess.RunAsync([BuiltImages.Executable(name), "--version"])).EnsureSuccess().Output;

        var labels = image.Configuration.GetProperty("config").GetProperty("Labels");
        var commit = labels.GetProperty("org.opencontainers.image.revision").GetString()!;
        var time = (await ChildProcess.RunAsync(["git", "-C", Repository.Root, "show", "-s", "--format=%ct", commit])).EnsureSuccess().Output;

        version.Should().Contain(Version).And.Contain(commit);
        var created = DateTimeOffset.FromUnixTimeSeconds(long.Parse(time, CultureInfo.InvariantCulture));
        image.Configuration.GetProperty("created").GetDateTimeOffset().Should().Be(created);
        labels.GetProperty("org.opencontainers.image.created").GetDateTimeOffset().Should().Be(created);
    }

    [Theory]
    [InlineData(BuiltImages.Controller, "65532:65532")]
    [InlineData(BuiltImages.Admission, "65532:65532")]
    [InlineData(BuiltImages.NodeInstaller, "0:0")]
    public async Task The_program_runs_as_its_user_in_a_root_directory_that_has_nothing_else(string name, string user)
    {
        var root = images.NewDirectory($"root-{name}");
        ImageOf(name).Extract(root);

        var printed = await ChildProcess.RunAsync(["chroot", $"--userspec={user}", root, $"/{Path.GetFileName(BuiltImages.Executable(name))}", "--version"]);

        printed.EnsureSuccess().Output.Should().Contain(Version);
    }

    [Fact]
    public void The_node_installer_accepts_the_gVisor_in_its_image()
    {
        var root = images.NewDirectory("gvisor-of-image");
        ImageOf(BuiltImages.NodeInstaller).Extract(root);

        var release = Release.Open(Path.Combine(root, "gvisor"));

        release.Version.Should().Be(GVisorStorage.Archive);
        release.CheckExecutables();
    }

    [Fact]
    public async Task The_same_commit_makes_the_same_bytes_whatever_the_umask_and_the_directory()
    {
        var second = images.NewDirectory("second");

        var printed = (await images.MakeAsync(second, umask: "077")).EnsureSuccess().Output;

        printed.Replace(second, images.Output, StringComparison.Ordinal).Should().Be(images.Printed);
        var files = Directory.GetFiles(images.Output).Select(Path.GetFileName).ToArray();
        files.Should().HaveCount(12, "there are archive, SBOM and index of three images, and three charts");
        Directory.GetFiles(second).Select(Path.GetFileName).Should().BeEquivalentTo(files);
        files.Should().AllSatisfy(file => Sum(Path.Combine(second, file!)).Should().Be(Sum(Path.Combine(images.Output, file!))));
    }

    [Theory]
    [InlineData(BuiltImages.Controller, "runtime-gvisor")]
    [InlineData(BuiltImages.Admission, "admission-runtime-gvisor")]
    [InlineData(BuiltImages.NodeInstaller, "runtime-gvisor-installation")]
    public void What_is_printed_is_what_the_archives_offer_under_the_names_that_operators_know(string name, string repository)
    {
        var printed = images.Printed.Trim().Split('\n').Select(line => line.Split(' ')).ToDictionary(parts => parts[0], parts => parts[1]);
        foreach (var archive in (string[])[$"{name}-amd64", name])
        {
            var content = Archive(archive).Content;
            var annotations = content.GetProperty("annotations");
            var reference = annotations.GetProperty("io.containerd.image.name").GetString();
            reference.Should().EndWith($"/{repository}:v{Version}");
            annotations.GetProperty("org.opencontainers.image.ref.name").GetString().Should().Be($"v{Version}");
            printed[Path.Combine(images.Output, $"{archive}.tar")].Should().Be($"{reference}@{content.GetProperty("digest").GetString()}");
        }

        // The chart names no image of its own; the image vector in the program does.
        var prefix = printed.Values.First(value => value.Contains($"/{repository}:", StringComparison.Ordinal)).Split($"/{repository}:")[0];
        File.ReadAllLines(Path.Combine(Repository.Root, "src/RuntimeGVisor/Images/images.yaml")).Select(line => line.Trim())
            .Should().Contain($"repository: {prefix}/runtime-gvisor-installation");
    }

    [Theory]
    [InlineData(BuiltImages.Controller)]
    [InlineData(BuiltImages.Admission)]
    [InlineData(BuiltImages.NodeInstaller)]
    public void The_index_leads_to_the_image_of_each_architecture(string name)
    {
        var single = Archive($"{name}-amd64").Content;
        var archive = Archive(name);

        archive.Content.GetProperty("mediaType").GetString().Should().Be("application/vnd.oci.image.index.v1+json");
        var image = archive.JsonBlob(archive.Content).GetProperty("manifests").EnumerateArray().Single();

        image.GetProperty("digest").GetString().Should().Be(single.GetProperty("digest").GetString());
        image.GetProperty("platform").Deserialize<Dictionary<string, string>>().Should()
            .Equal(new Dictionary<string, string> { ["architecture"] = "amd64", ["os"] = "linux" });
        archive.Image(image).Configuration.GetProperty("os").GetString().Should().Be("linux");
    }

    [Theory]
    [InlineData("chart", "gardener-extension-runtime-gvisor", "extension.yaml")]
    [InlineData("admission-runtime-chart", "gardener-extension-admission-runtime-gvisor-runtime", "extension/admission/extension.yaml")]
    [InlineData("admission-application-chart", "gardener-extension-admission-runtime-gvisor-application", "extension/admission/extension.yaml")]
    public void A_chart_is_kept_as_Helm_keeps_charts_and_lies_where_the_extension_looks_for_it(string name, string chart, string extension)
    {
        var archive = Archive(name);

        var manifest = archive.JsonBlob(archive.Content);
        var configuration = manifest.GetProperty("config");
        configuration.GetProperty("mediaType").GetString().Should().Be("application/vnd.cncf.helm.config.v1+json");
        archive.JsonBlob(configuration).Deserialize<Dictionary<string, string>>().Should()
            .Contain("name", chart).And.Contain("version", Version).And.Contain("apiVersion", "v2");
        var layer = manifest.GetProperty("layers").EnumerateArray().Single();
        layer.GetProperty("mediaType").GetString().Should().Be("application/vnd.cncf.helm.chart.content.v1.tar+gzip");
        using var files = new TarReader(new GZipStream(new MemoryStream(archive.Blob(layer)), CompressionMode.Decompress));
        var names = new List<string>();
        while (files.GetNextEntry() is { } entry)
        {
            names.Add(entry.Name);
        }

        names.Should().Contain($"{chart}/Chart.yaml").And.Contain($"{chart}/values.schema.json").And.OnlyContain(path => path.StartsWith($"{chart}/", StringComparison.Ordinal));
        File.ReadAllText(Path.Combine(Repository.Root, "example", extension)).Should()
            .Contain($"ref: {archive.Content.GetProperty("annotations").GetProperty("io.containerd.image.name").GetString()}\n");
    }

    [Fact]
    public void The_chart_in_the_registration_is_the_chart_that_is_published()
    {
        var archive = Archive("chart");
        var layer = archive.JsonBlob(archive.Content).GetProperty("layers").EnumerateArray().Single();

        File.ReadAllText(Path.Combine(Repository.Root, "example/controller-registration.yaml")).Should().Contain(Convert.ToBase64String(archive.Blob(layer)));
    }

    [Fact]
    public async Task An_index_has_one_image_for_each_architecture_and_shares_their_common_layers()
    {
        var directory = images.NewDirectory("index");
        Directory.CreateDirectory(Path.Combine(directory, "files"));
        await File.WriteAllTextAsync(Path.Combine(directory, "files", "text"), "the same for all", TestContext.Current.CancellationToken);
        const string Script = """
            . hack/common.sh; . hack/images/oci.sh
            new_layout "$1/layout"
            amd64=$(add_image "$1/layout" '{"architecture":"amd64","os":"linux","config":{"Labels":{"a":"b"}}}' "$1/files")
            arm64=$(add_image "$1/layout" '{"architecture":"arm64","os":"linux","config":{}}' "$1/files")
            write_archive "$1/layout" registry.example.com:5000/name:v1 "$(add_index "$1/layout" '{"c":"d"}' "$amd64" "$arm64")" "$1/index.tar"
            """;

        (await ChildProcess.RunAsync(["bash", "-c", $"cd '{Repository.Root}'; {Script}", "bash", directory])).EnsureSuccess();

        var archive = new ImageArchive(Path.Combine(directory, "index.tar"));
        var index = archive.JsonBlob(archive.Content);
        index.GetProperty("annotations").GetProperty("c").GetString().Should().Be("d");
        var found = index.GetProperty("manifests").EnumerateArray().Select(descriptor => (
            descriptor.GetProperty("platform").GetProperty("architecture").GetString(),
            archive.Image(descriptor).Configuration.GetProperty("architecture").GetString(),
            Layer: archive.Image(descriptor).Manifest.GetProperty("layers")[0].GetProperty("digest").GetString())).ToArray();
        found.Select(image => (image.Item1, image.Item2)).Should().Equal(("amd64", "amd64"), ("arm64", "arm64"));
        found[0].Layer.Should().Be(found[1].Layer);
        archive.BlobCount.Should().Be(1 + 2 + 2 + 1, "index, manifests, configurations, layer");
        archive.Content.GetProperty("annotations").GetProperty("org.opencontainers.image.ref.name").GetString().Should().Be("v1");
    }

    [Theory]
    [InlineData("s390x", null, "error: ARCHITECTURES may have amd64 and arm64, not 's390x'")]
    [InlineData("amd64", "hello-world", "error: there is no image 'hello-world'; there are: *")]
    public async Task Nonsense_is_refused_by_name(string architectures, string? name, string message)
    {
        var refused = await images.MakeAsync(images.NewDirectory("nonsense"), name is null ? null : [name], architectures);

        refused.ExitCode.Should().Be(1);
        refused.Error.Trim().Should().Match(message);
    }

    [Fact]
    public async Task There_is_no_image_with_a_gVisor_that_is_not_pinned()
    {
        var output = images.NewDirectory("unpinned");
        var refused = await ChildProcess.RunAsync(
            [Repository.Script("images.sh"), BuiltImages.NodeInstaller],
            environment: new Dictionary<string, string?>
            {
                ["NODE_INSTALLER_EXECUTABLE"] = BuiltImages.Executable(BuiltImages.NodeInstaller),
                ["ARCHITECTURES"] = "amd64",
                ["IMAGES_OUTPUT"] = output,
                ["GVISOR_VERSION"] = "20200101.0",
            });

        refused.ExitCode.Should().Be(1);
        refused.Error.Should().Contain("images/gvisor.sha512 has no checksum of gVisor 20200101.0 for amd64");
        Directory.EnumerateFileSystemEntries(output).Should().BeEmpty();
    }

    private static (string Name, UnixFileMode Mode) Described(TarEntry entry) => (entry.Name, entry.Mode);

    private static string Sum(string path) => Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path)));

    private static byte[] Content(Image image, string name)
    {
        using var content = new MemoryStream();
        image.Files.Single(entry => entry.Name == name).DataStream!.CopyTo(content);
        return content.ToArray();
    }
}
