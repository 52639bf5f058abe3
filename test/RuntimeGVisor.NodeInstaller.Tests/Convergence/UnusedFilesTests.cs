// SPDX-License-Identifier: Apache-2.0

using RuntimeGVisor.NodeInstaller.Containerd;
using RuntimeGVisor.NodeInstaller.Convergence;
using RuntimeGVisor.NodeInstaller.Releases;

namespace RuntimeGVisor.NodeInstaller.Tests.Convergence;

/// <summary>A node with the releases old and new, with two configurations each, and a configuration of the Go extension.</summary>
public sealed class UnusedFilesTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 11, 28, 8, 0, 0, TimeSpan.Zero);

    private readonly string _root = Directory.CreateTempSubdirectory("unused-files-tests-").FullName;
    private readonly ReleaseStore _store;
    private readonly string _foreign;

    public UnusedFilesTests()
    {
        _store = new(_root);
        _foreign = Write("runsc.toml", "[runsc_config]\n");
        foreach (var key in (string[])["old", "new"])
        {
            Write($"gvisor/{key}/runsc-1.toml", $"binary_name = \"{_root}/gvisor/{key}/runsc\"\n");
            Write($"gvisor/{key}/runsc-2.toml", $"binary_name = \"{_root}/gvisor/{key}/runsc\"\n");
        }

        _store.MakeCurrent("new");
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void A_release_that_nothing_names_is_unused() =>
        Find(new([], [], false)).Should().BeEquivalentTo(Paths("gvisor/old", "gvisor/new/runsc-2.toml", "runsc.toml"));

    [Fact]
    public void A_sandbox_keeps_the_release_of_its_runsc_and_all_its_configurations() =>
        Find(new([Sandbox($"{_root}/gvisor/old/runsc")], [], false)).Should().BeEquivalentTo(Paths("gvisor/new/runsc-2.toml", "runsc.toml"));

    /// <summary>A sandbox of whatever handler that is just being created has saved nothing yet.</summary>
    [Fact]
    public void A_sandbox_of_which_nothing_is_known_keeps_everything()
    {
        Find(new([Sandbox(null)], [], false)).Should().BeNull();
        UnusedFiles.Track(new Dictionary<string, DateTimeOffset> { ["/a"] = Now }, unused: null, Now.AddMinutes(1)).Should().ContainKey("/a").WhoseValue.Should().Be(Now);
    }

    [Fact]
    public void A_sandbox_that_finds_runsc_by_its_name_keeps_the_configuration_that_names_none() =>
        Find(new([Sandbox("runsc")], [], false)).Should().BeEquivalentTo(Paths("gvisor/old", "gvisor/new/runsc-2.toml"));

    [Fact]
    public void Another_handler_keeps_the_file_that_it_names_and_its_release() =>
        Find(new([], [$"{_root}/gvisor/old/runsc-2.toml", _foreign], false))
            .Should().BeEquivalentTo(Paths("gvisor/new/runsc-2.toml", "gvisor/old/runsc-1.toml"));

    [Fact]
    public void Nothing_goes_before_it_has_been_unused_for_an_hour()
    {
        var first = UnusedFiles.Track(new Dictionary<string, DateTimeOffset>(), ["/a", "/b"], Now);
        var usedAgain = UnusedFiles.Track(first, ["/a"], Now.AddMinutes(30));
        var later = UnusedFiles.Track(usedAgain, ["/a", "/b"], Now.AddMinutes(60));

        UnusedFiles.Due(first, Now.AddMinutes(59)).Should().BeEmpty();
        UnusedFiles.Due(later, Now.AddMinutes(60)).Should().Equal("/a");
    }

    private IReadOnlyList<string>? Find(FileUse use) =>
        UnusedFiles.Find(_store, [_foreign], use, needed: [$"{_root}/gvisor/new/runsc-1.toml"]);

    private IEnumerable<string> Paths(params string[] paths) => paths.Select(path => Path.Join(_root, path));

    private static RunscBundle Sandbox(string? runsc) => new("k8s.io", "id", runsc, "/bin/containerd-shim-runsc-v1", IsVerification: false);

    private string Write(string path, string text)
    {
        var file = Path.Join(_root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text);
        return file;
    }
}
