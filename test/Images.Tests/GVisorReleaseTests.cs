// SPDX-License-Identifier: Apache-2.0

using System.Formats.Tar;
using RuntimeGVisor.NodeInstaller.Releases;

namespace Images.Tests;

/// <summary>hack/gvisor-release.sh: nothing of gVisor comes into an image whose checksum is not pinned.</summary>
public sealed class GVisorReleaseTests : IAsyncLifetime
{
    private readonly string _directory = Directory.CreateTempSubdirectory("gvisor-release-tests-").FullName;
    private GVisorStorage _storage = null!;

    public async ValueTask InitializeAsync() => _storage = await GVisorStorage.StartAsync();

    public async ValueTask DisposeAsync()
    {
        await _storage.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    private string Fetched => Path.Combine(_directory, "release");

    [Theory]
    [InlineData(GVisorStorage.Loose, true, new[] { "containerd-shim-runsc-v1", "runsc" })]
    [InlineData(GVisorStorage.Loose, false, new[] { "containerd-shim-runsc-v1", "runsc" })]
    [InlineData(GVisorStorage.Bzip2Archive, true, new[] { "containerd-shim-runsc-v1", "gvisor-bin/gvisor_sentry", "runsc" })]
    [InlineData(GVisorStorage.Bzip2Archive, false, new[] { "containerd-shim-runsc-v1", "gvisor-bin/gvisor_sentry", "runsc" })]
    [InlineData(GVisorStorage.Archive, true, new[] { "containerd-shim-runsc-v1", "gvisor-bin/gvisor_sentry", "runsc" })]
    [InlineData(GVisorStorage.Archive, false, new[] { "containerd-shim-runsc-v1", "gvisor-bin/gvisor_sentry", "runsc" })]
    public async Task Each_layout_comes_from_the_storage_and_from_a_directory(string version, bool download, string[] files)
    {
        (await FetchAsync(version, download: download)).EnsureSuccess();

        var release = Release.Open(Fetched);
        release.CheckExecutables();
        release.Version.Should().Be(version);
        release.Files.Select(file => file.Path).Should().Equal(files);
        files.Should().AllSatisfy(file => ContentOf(file).Should().Equal(Executables.For("amd64", file)));
        _storage.Requests.IsEmpty.Should().Be(!download);
    }

    [Fact]
    public async Task Each_architecture_gets_its_own_files()
    {
        (await FetchAsync(GVisorStorage.Archive, "arm64")).EnsureSuccess();

        ContentOf("runsc").Should().Equal(Executables.For("arm64", "runsc"));
    }

    [Fact]
    public async Task What_was_downloaded_once_is_not_downloaded_again()
    {
        (await FetchAsync(GVisorStorage.Loose)).EnsureSuccess();
        _storage.Requests.Should().HaveCount(2);

        (await FetchAsync(GVisorStorage.Loose)).EnsureSuccess();

        _storage.Requests.Should().HaveCount(2);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_file_with_another_checksum_is_refused_and_not_kept(bool download)
    {
        var path = $"{GVisorStorage.Loose}/x86_64/runsc";
        var right = await File.ReadAllBytesAsync(_storage.PathOf(path), TestContext.Current.CancellationToken);
        _storage.Publish(path, Executables.For("amd64", "another runsc"));

        await ShouldFailAsync(GVisorStorage.Loose, $"error: {path} is not what {_storage.Checksums} pins: its sha512 is *…, not *…", download: download);

        _storage.Publish(path, right);
        (await FetchAsync(GVisorStorage.Loose, download: download)).EnsureSuccess();
    }

    [Fact]
    public async Task A_download_that_breaks_off_is_refused_and_not_kept()
    {
        _storage.BreaksOff = true;
        await ShouldFailAsync(GVisorStorage.Loose, $"error: downloading {_storage.Url}/{GVisorStorage.Loose}/x86_64/runsc: *");

        _storage.BreaksOff = false;
        (await FetchAsync(GVisorStorage.Loose)).EnsureSuccess();
    }

    [Fact]
    public async Task A_file_that_the_storage_does_not_have_is_named()
    {
        File.Delete(_storage.PathOf($"{GVisorStorage.Archive}/x86_64/gvisor.tar.zstd"));

        await ShouldFailAsync(GVisorStorage.Archive, $"error: gVisor's release storage has no {_storage.Url}/{GVisorStorage.Archive}/x86_64/gvisor.tar.zstd");
        await ShouldFailAsync(
            GVisorStorage.Archive, $"error: GVISOR_DIRECTORY has no {_storage.Directory}/{GVisorStorage.Archive}/x86_64/gvisor.tar.zstd", download: false);
    }

    [Fact]
    public async Task An_error_page_that_says_it_is_a_file_is_refused()
    {
        _storage.AnswersErrorPages = true;

        await ShouldFailAsync(GVisorStorage.Loose, $"error: {GVisorStorage.Loose}/x86_64/runsc is not what *pins*");
    }

    [Theory]
    [InlineData("20240101.0", "amd64")]
    [InlineData(GVisorStorage.Loose, "arm64")]
    public async Task What_is_not_pinned_is_not_even_looked_at(string version, string architecture)
    {
        var pins = await File.ReadAllLinesAsync(_storage.Checksums, TestContext.Current.CancellationToken);
        await File.WriteAllLinesAsync(_storage.Checksums, pins.Where(line => !line.Contains("aarch64", StringComparison.Ordinal)), TestContext.Current.CancellationToken);

        await ShouldFailAsync(
            version,
            $"error: {_storage.Checksums} has no checksum of gVisor {version} for {architecture}; 'hack/gvisor-release.sh pin {version}' gets it from gVisor's release storage",
            architecture);
        _storage.Requests.Should().BeEmpty();
    }

    [Theory]
    [InlineData("latest", "amd64", "error: a version of gVisor is a date and a number such as 20260817.0, not 'latest'")]
    [InlineData("../../20240729.0", "amd64", "error: a version of gVisor is a date and a number such as 20260817.0, not '../../20240729.0'")]
    [InlineData(GVisorStorage.Loose, "s390x", "error: gVisor is released for amd64 and arm64, not for 's390x'")]
    public async Task Nonsense_is_refused_by_name(string version, string architecture, string message) =>
        await ShouldFailAsync(version, message, architecture);

    [Fact]
    public async Task An_executable_for_another_architecture_is_refused_even_if_its_checksum_is_right()
    {
        _storage.Publish($"{GVisorStorage.Loose}/x86_64/containerd-shim-runsc-v1", Executables.For("arm64", "shim"));
        _storage.WriteChecksums();

        await ShouldFailAsync(GVisorStorage.Loose, "error: release/containerd-shim-runsc-v1 of gVisor 20240729.0 is no executable for amd64");
    }

    public static TheoryData<string, string> ForeignFiles => new()
    {
        { "LICENSE!", "error: gVisor 20260928.0 for amd64 has a file that the node installer does not know: LICENSE!" },
        { "other/tool", "error: gVisor 20260928.0 for amd64 has a file that the node installer does not know: other/tool" },
        { "link", "error: gVisor 20260928.0 for amd64 has a file that the node installer does not know: link" },
        { "README", "error: release/README of gVisor 20260928.0 is no executable for amd64" },
    };

    [Theory]
    [MemberData(nameof(ForeignFiles))]
    public async Task An_archive_with_a_file_that_the_node_installer_would_refuse_is_refused_here(string name, string message)
    {
        var content = name == "README" ? "Read me, I am text."u8.ToArray() : Executables.For("amd64", name);
        TarEntry foreign = name == "link"
            ? new PaxTarEntry(TarEntryType.SymbolicLink, name) { LinkName = "/etc/passwd" }
            : new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(content) };
        await _storage.PublishArchiveAsync(ArchivePath, Programs("runsc", "containerd-shim-runsc-v1", "gvisor-bin/gvisor_sentry"), foreign);
        _storage.WriteChecksums();

        await ShouldFailAsync(GVisorStorage.Archive, message);
    }

    [Fact]
    public async Task An_archive_without_the_programs_beside_runsc_is_refused_where_runsc_needs_them()
    {
        await _storage.PublishArchiveAsync(ArchivePath, Programs("runsc", "containerd-shim-runsc-v1"));
        _storage.WriteChecksums();

        await ShouldFailAsync(
            GVisorStorage.Archive, "error: gVisor 20260928.0 for amd64 has no gvisor-bin/gvisor_sentry: its runsc would start no sandbox");
    }

    [Fact]
    public async Task A_storage_that_cannot_be_reached_is_named_with_the_ways_to_go_on()
    {
        await _storage.StopAsync();

        await ShouldFailAsync(
            GVisorStorage.Archive, $"error: downloading {_storage.Url}/{ArchivePath}: *GVISOR_DIRECTORY*GVISOR_URL*docs/operations/images.md*");
    }

    [Fact]
    public void The_release_that_this_tree_names_is_pinned_for_both_architectures()
    {
        var version = TextOf(Path.Combine(Repository.Root, "GVISOR_VERSION")).Trim();

        var pins = File.ReadAllLines(Path.Combine(Repository.Root, "images/gvisor.sha512")).Where(line => line[0] != '#').ToArray();

        pins.Should().AllSatisfy(line => line.Should().MatchRegex("^[0-9a-f]{128}  "));
        pins.Select(line => line[130..]).Should().Equal($"{version}/x86_64/gvisor.tar.zstd", $"{version}/aarch64/gvisor.tar.zstd");
    }

    [Theory]
    [InlineData(GVisorStorage.Loose, true)]
    [InlineData(GVisorStorage.Loose, false)]
    [InlineData(GVisorStorage.Bzip2Archive, true)]
    [InlineData(GVisorStorage.Archive, true)]
    public async Task Pinning_takes_the_publishers_checksums_and_a_release_can_be_fetched_with_them(string version, bool download)
    {
        var repository = CopyOfScripts();

        (await RunAsync(Path.Combine(repository, "hack/gvisor-release.sh"), ["pin", version], PinEnvironment(download))).EnsureSuccess();

        var pins = await File.ReadAllLinesAsync(Path.Combine(repository, "images/gvisor.sha512"), TestContext.Current.CancellationToken);
        pins.Where(line => line[0] != '#').Should().BeSubsetOf(await File.ReadAllLinesAsync(_storage.Checksums, TestContext.Current.CancellationToken))
            .And.HaveCount(version == GVisorStorage.Loose ? 4 : 2);
        foreach (var architecture in (string[])["amd64", "arm64"])
        {
            (await RunAsync(
                Path.Combine(repository, "hack/gvisor-release.sh"),
                ["fetch", architecture, Path.Combine(_directory, architecture)],
                PinEnvironment(download))).EnsureSuccess();
        }
    }

    [Theory]
    [InlineData("<html>sign in</html>", "error: 20240729.0/aarch64/runsc.sha512 is not a checksum of runsc; it begins with: <html>sign in</html>")]
    [InlineData("abc  runsc", "error: 20240729.0/aarch64/runsc.sha512 is not a checksum of runsc; it begins with: abc  runsc")]
    [InlineData(null, "error: gVisor's release storage has no checksum of 20240729.0/aarch64/runsc")]
    public async Task Pinning_changes_nothing_unless_all_checksums_are_there(string? published, string message)
    {
        var repository = CopyOfScripts();
        var checksum = _storage.PathOf($"{GVisorStorage.Loose}/aarch64/runsc.sha512");
        File.Delete(checksum);
        if (published is not null)
        {
            await File.WriteAllTextAsync(checksum, published, TestContext.Current.CancellationToken);
        }

        var pinned = await RunAsync(Path.Combine(repository, "hack/gvisor-release.sh"), ["pin", GVisorStorage.Loose], PinEnvironment(download: true));

        pinned.ExitCode.Should().Be(1);
        pinned.Error.Trim().Should().Be(message);
        TextOf(Path.Combine(repository, "images/gvisor.sha512")).Should().Be("# none yet\n");
        TextOf(Path.Combine(repository, "GVISOR_VERSION")).Should().Be("20260101.0\n");
    }

    private const string ArchivePath = $"{GVisorStorage.Archive}/x86_64/gvisor.tar.zstd";

    private static IEnumerable<(string Name, byte[] Content)> Programs(params string[] names) =>
        names.Select(name => (name, Executables.For("amd64", name)));

    private byte[] ContentOf(string file) => File.ReadAllBytes(Path.Combine(Fetched, file));

    private static string TextOf(string path) => File.ReadAllText(path);

    private async Task<CommandResult> FetchAsync(string version, string architecture = "amd64", bool download = true)
    {
        if (Directory.Exists(Fetched))
        {
            Directory.Delete(Fetched, recursive: true);
        }

        return await RunAsync(
            Repository.Script("gvisor-release.sh"),
            ["fetch", architecture, Fetched],
            new(PinEnvironment(download)) { ["GVISOR_VERSION"] = version, ["GVISOR_CHECKSUMS"] = _storage.Checksums });
    }

    private async Task ShouldFailAsync(string version, string message, string architecture = "amd64", bool download = true)
    {
        var result = await FetchAsync(version, architecture, download);

        result.ExitCode.Should().Be(1);
        result.Error.Trim().Split('\n')[^1].Should().Match(message);
        Directory.Exists(Fetched).Should().BeFalse("nothing half-written may stay");
    }

    private Dictionary<string, string?> PinEnvironment(bool download) => new(StringComparer.Ordinal)
    {
        ["XDG_CACHE_HOME"] = Path.Combine(_directory, "cache"),
        ["GVISOR_URL"] = _storage.Url,
        ["GVISOR_DIRECTORY"] = download ? null : _storage.Directory,
        ["GVISOR_VERSION"] = null,
        ["GVISOR_CHECKSUMS"] = null,
    };

    private static Task<CommandResult> RunAsync(string script, string[] arguments, Dictionary<string, string?> environment) =>
        ChildProcess.RunAsync([script, .. arguments], environment: environment);

    /// <summary>Pinning writes into the repository that the script is in.</summary>
    private string CopyOfScripts()
    {
        var repository = Path.Combine(_directory, "repository");
        foreach (var script in (string[])["common.sh", "debian-install.sh", "gvisor-release.sh"])
        {
            Directory.CreateDirectory(Path.Combine(repository, "hack"));
            File.Copy(Repository.Script(script), Path.Combine(repository, "hack", script));
        }

        Directory.CreateDirectory(Path.Combine(repository, "images"));
        File.WriteAllText(Path.Combine(repository, "images/gvisor.sha512"), "# none yet\n");
        File.WriteAllText(Path.Combine(repository, "GVISOR_VERSION"), "20260101.0\n");
        return repository;
    }
}
