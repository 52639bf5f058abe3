// SPDX-License-Identifier: Apache-2.0

using System.Security.Cryptography;
using RuntimeGVisor.NodeInstaller.Releases;

namespace RuntimeGVisor.NodeInstaller.Tests.Releases;

public sealed class ReleaseTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("release-tests-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private string ReleaseDirectory => Path.Join(_root, "image");

    private string BinaryDirectory => Path.Join(_root, "bin");

    [Theory]
    [InlineData("runsc,containerd-shim-runsc-v1")]
    [InlineData("runsc,containerd-shim-runsc-v1,gvisor-bin/gvisor_sentry,gvisor-bin/checkpointgofer")]
    public void Both_layouts_are_put_on_a_node(string files)
    {
        var release = Create(files.Split(','));
        var store = Store();

        Install(store, release);

        store.IsCurrent(release.Key).Should().BeTrue();
        store.FindDefects(release, new Dictionary<string, string>()).Should().BeEmpty();
        File.ReadAllBytes(Path.Join(BinaryDirectory, "runsc")).Should().Equal(File.ReadAllBytes(Path.Join(ReleaseDirectory, "runsc")));
        File.GetUnixFileMode(store.RunscOf(release.Key)).Should().HaveFlag(UnixFileMode.OtherExecute);
    }

    [Fact]
    public void An_error_page_is_no_runsc_even_if_its_checksum_is_right()
    {
        var release = Create(["runsc", "containerd-shim-runsc-v1"], ("runsc", "<?xml version='1.0'?><Error><Code>NoSuchKey</Code></Error>"u8.ToArray()));

        release.Invoking(found => found.CheckExecutables())
            .Should().Throw<ReleaseException>().WithMessage("*runsc is no executable: it begins with \"<?xml*");
    }

    [Fact]
    public void A_truncated_file_is_refused_and_leaves_nothing()
    {
        var release = Create(["runsc", "containerd-shim-runsc-v1"]);
        var runsc = Path.Join(ReleaseDirectory, "runsc");
        File.WriteAllBytes(runsc, File.ReadAllBytes(runsc)[..^7]);
        var store = Store();
        var install = () => Install(store, release);

        install.Should().Throw<ReleaseException>().WithMessage("*runsc is not what SHA512SUMS says*");
        store.Keys.Should().BeEmpty();
        Directory.EnumerateFileSystemEntries(Path.Join(BinaryDirectory, "gvisor")).Should().BeEmpty();
    }

    [Fact]
    public void An_executable_of_another_processor_is_refused()
    {
        var wrong = Elf(1);
        wrong[18] = 0x28;
        var release = Create(["runsc", "containerd-shim-runsc-v1"], ("runsc", wrong));

        release.Invoking(found => found.CheckExecutables()).Should().Throw<ReleaseException>().WithMessage("*another processor*");
    }

    [Theory]
    [InlineData("extra", "does not list \"extra\"")]
    [InlineData("gvisor-bin/extra", "does not list \"gvisor-bin/extra\"")]
    public void A_file_that_is_not_listed_is_refused(string path, string message)
    {
        Create(["runsc", "containerd-shim-runsc-v1"]);
        Directory.CreateDirectory(Path.Join(ReleaseDirectory, "gvisor-bin"));
        File.WriteAllText(Path.Join(ReleaseDirectory, path), "x");
        var open = () => Release.Open(ReleaseDirectory);

        open.Should().Throw<ReleaseException>().WithMessage($"*{message}*");
    }

    [Theory]
    [InlineData("")]
    [InlineData("../20260810")]
    [InlineData("a b")]
    [InlineData("$(reboot)")]
    [InlineData("1\"]\nx")]
    public void A_version_that_is_no_file_name_is_refused(string version)
    {
        Create(["runsc", "containerd-shim-runsc-v1"]);
        File.WriteAllText(Path.Join(ReleaseDirectory, "VERSION"), version);
        var open = () => Release.Open(ReleaseDirectory);

        open.Should().Throw<ReleaseException>().WithMessage("*VERSION must be*");
    }

    [Theory]
    [InlineData("{0}  ../runsc")]
    [InlineData("{0}  /runsc")]
    [InlineData("{0}  gvisor-bin/../runsc")]
    [InlineData("{0}  .hidden")]
    [InlineData("{0} runsc")]
    [InlineData("abc  runsc")]
    [InlineData("runsc")]
    public void A_wrong_line_of_the_manifest_is_refused(string line)
    {
        var parse = () => Release.ParseManifest(string.Format(null, line, new string('a', 128)) + "\n", "SHA512SUMS");

        parse.Should().Throw<ReleaseException>().WithMessage("*a line that is not*");
    }

    [Fact]
    public void A_binary_directory_behind_a_symbolic_link_is_refused()
    {
        var elsewhere = Directory.CreateDirectory(Path.Join(_root, "elsewhere")).FullName;
        Directory.CreateSymbolicLink(Path.Join(_root, "link"), elsewhere);
        var check = () => new ReleaseStore(Path.Join(_root, "link", "bin")).CheckDirectory();

        check.Should().Throw<ReleaseException>().WithMessage("*is a symbolic link to*");
    }

    [Fact]
    public void A_damaged_file_is_found_although_its_time_was_set_back()
    {
        var release = Create(["runsc", "containerd-shim-runsc-v1"]);
        var store = Store();
        var verifiedFiles = Install(store, release);
        var runsc = store.RunscOf(release.Key);
        var time = File.GetLastWriteTimeUtc(runsc);
        var content = File.ReadAllBytes(runsc);
        content[^1] ^= 1;
        File.WriteAllBytes(runsc, content);
        File.SetLastWriteTimeUtc(runsc, time);

        var defects = store.FindDefects(release, verifiedFiles);
        store.Stage(release, defects, verifiedFiles);

        defects.Should().ContainSingle().Which.Path.Should().Be("runsc");
        store.FindDefects(release, new Dictionary<string, string>()).Should().BeEmpty();
    }

    [Theory]
    [InlineData(UnixFileMode.UserRead | UnixFileMode.UserWrite)]
    [InlineData((UnixFileMode)0b111_111_111)]
    [InlineData(UnixFileMode.SetUser | (UnixFileMode)0b111_101_101)]
    public void A_file_with_another_mode_is_a_defect_although_its_content_is_right(UnixFileMode mode)
    {
        var release = Create(["runsc", "containerd-shim-runsc-v1"]);
        var store = Store();
        var verifiedFiles = Install(store, release);
        File.SetUnixFileMode(store.RunscOf(release.Key), mode);

        var defects = store.FindDefects(release, verifiedFiles);
        store.Stage(release, defects, verifiedFiles);

        defects.Should().ContainSingle().Which.Path.Should().Be("runsc");
        store.FindDefects(release, new Dictionary<string, string>()).Should().BeEmpty();
    }

    /// <summary>containerd that starts in such a moment takes the pods of a shim that it does not find for lost.</summary>
    [Fact]
    public async Task The_names_on_containerds_path_never_dangle_while_releases_change()
    {
        var store = Store();
        var first = Create(["runsc", "containerd-shim-runsc-v1"]);
        Install(store, first);
        Directory.Delete(ReleaseDirectory, recursive: true);
        var second = Create(["runsc", "containerd-shim-runsc-v1", "gvisor-bin/gvisor_sentry"]);
        Install(store, second);
        using var done = new CancellationTokenSource();
        var shim = Path.Join(BinaryDirectory, "containerd-shim-runsc-v1");
        var looks = Task.Run(
            () =>
            {
                var (found, missing) = (0, 0);
                while (!done.IsCancellationRequested || found == 0)
                {
                    _ = File.Exists(shim) ? found++ : missing++;
                }

                return missing;
            },
            TestContext.Current.CancellationToken);

        for (var round = 0; round < 50; round++)
        {
            store.MakeCurrent(round % 2 == 0 ? first.Key : second.Key);
        }

        await done.CancelAsync();
        (await looks).Should().Be(0);
    }

    [Fact]
    public void What_another_installer_has_is_kept_as_a_release_before_anything_is_switched()
    {
        Directory.CreateDirectory(BinaryDirectory);
        File.WriteAllText(Path.Join(BinaryDirectory, "runsc"), "runsc of somebody else");
        File.WriteAllText(Path.Join(BinaryDirectory, "containerd-shim-runsc-v1"), "shim of somebody else");
        var store = Store();

        var adopted = store.Adopt(store.FindForeign()!, "[runsc_config]\n  net-raw = \"true\"\n");

        var key = store.KeyOf(adopted.Path)!;
        File.ReadAllText(store.RunscOf(key)).Should().Be("runsc of somebody else");
        ReleaseStore.Has(adopted).Should().BeTrue();
        File.ReadAllText(Path.Join(BinaryDirectory, "runsc")).Should().Be("runsc of somebody else", "sandboxes find it by its name");
        store.Adopt(store.FindForeign()!, "[runsc_config]\n  net-raw = \"true\"\n").Should().Be(adopted, "a process may have been killed in between");
    }

    [Fact]
    public void A_runsc_of_another_installer_keeps_its_name_until_it_is_taken()
    {
        Directory.CreateDirectory(BinaryDirectory);
        File.WriteAllText(Path.Join(BinaryDirectory, "runsc"), "of somebody else");
        var release = Create(["runsc", "containerd-shim-runsc-v1"]);
        var store = Store();
        store.Stage(release, release.Files, new Dictionary<string, string>());

        store.MakeCurrent(release.Key);
        var kept = File.ReadAllText(Path.Join(BinaryDirectory, "runsc"));
        store.LinkRunsc();

        kept.Should().Be("of somebody else");
        store.IsRunscLinked.Should().BeTrue();
        store.FindForeign().Should().BeNull();
    }

    [Theory]
    [InlineData("gvisor/a/runsc", "a")]
    [InlineData("gvisor/a/runsc-0123.toml", "a")]
    [InlineData("gvisor/a/gvisor-bin/gvisor_sentry", "a")]
    [InlineData("runsc", null)]
    [InlineData("gvisor-else/a/runsc", null)]
    public void A_path_belongs_to_the_release_in_whose_directory_it_lies(string path, string? key) =>
        Store().KeyOf(Path.Join(BinaryDirectory, path)).Should().Be(key);

    private static byte[] Elf(byte content) =>
        [0x7f, (byte)'E', (byte)'L', (byte)'F', 2, .. new byte[13], (byte)(OperatingSystemIsArm64 ? 183 : 62), 0, .. Enumerable.Repeat(content, 1000)];

    private static bool OperatingSystemIsArm64 =>
        System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture == System.Runtime.InteropServices.Architecture.Arm64;

    private static Dictionary<string, string> Install(ReleaseStore store, Release release)
    {
        var verifiedFiles = new Dictionary<string, string>();
        store.Stage(release, release.Files, verifiedFiles);
        store.MakeCurrent(release.Key);
        store.LinkRunsc();
        return verifiedFiles;
    }

    private ReleaseStore Store() => new(BinaryDirectory);

    private Release Create(string[] files, (string Path, byte[] Content)? special = null)
    {
        var lines = new List<string>();
        for (var index = 0; index < files.Length; index++)
        {
            var content = special is { } given && given.Path == files[index] ? given.Content : Elf((byte)index);
            var path = Path.Join(ReleaseDirectory, files[index]);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(path, content);
            lines.Add($"{Convert.ToHexStringLower(SHA512.HashData(content))}  {files[index]}\n");
        }

        File.WriteAllText(Path.Join(ReleaseDirectory, "SHA512SUMS"), string.Concat(lines));
        File.WriteAllText(Path.Join(ReleaseDirectory, "VERSION"), "20260810.0\n");
        return Release.Open(ReleaseDirectory);
    }
}
