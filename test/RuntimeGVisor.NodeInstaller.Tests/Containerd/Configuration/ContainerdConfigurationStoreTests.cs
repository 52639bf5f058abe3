// SPDX-License-Identifier: Apache-2.0

using System.Text;
using RuntimeGVisor.NodeInstaller.Containerd.Configuration;

namespace RuntimeGVisor.NodeInstaller.Tests.Containerd.Configuration;

public sealed class ContainerdConfigurationStoreTests : IDisposable
{
    private const string Before = "version = 2\n# mine\n";
    private const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead;
    private static readonly HandlerEntry Entry = new("runsc", "/etc/containerd/runsc.toml");

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("containerd-");

    public ContainerdConfigurationStoreTests()
    {
        Write(ConfigurationFile, Before);
        File.SetUnixFileMode(ConfigurationFile, Mode);
    }

    private static CancellationToken TestEnd => TestContext.Current.CancellationToken;

    private string ConfigurationFile => Path.Join(_directory.FullName, "config.toml");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public async Task An_edit_is_written_once_and_keeps_the_files_mode()
    {
        (await EditAsync()).Should().BeTrue();
        (await EditAsync()).Should().BeFalse();

        Content.Should().StartWith(Before).And.Contain(Entry.ConfigPath);
        File.GetUnixFileMode(ConfigurationFile).Should().Be(Mode);
        Files.Should().Equal("config.toml");
    }

    [Fact]
    public async Task What_somebody_writes_while_an_edit_is_checked_is_kept()
    {
        var writes = 0;

        await EditAsync((_, _) =>
        {
            if (writes++ == 0)
            {
                Write(ConfigurationFile, Before + "oom_score = 1\n");
            }

            return Task.CompletedTask;
        });

        writes.Should().Be(2, "the edit was begun anew");
        Content.Should().Contain("oom_score = 1\n").And.Contain(Entry.ConfigPath);
    }

    [Fact]
    public async Task A_file_that_somebody_goes_on_writing_is_given_up()
    {
        var writes = 0;

        var edit = () => EditAsync((_, _) =>
        {
            Write(ConfigurationFile, Before + $"oom_score = {++writes}\n");
            return Task.CompletedTask;
        });

        (await edit.Should().ThrowAsync<ContainerdConfigurationException>()).Which.Problem.Should().Be(ContainerdConfigurationProblem.Changing);
        Content.Should().Be(Before + $"oom_score = {ContainerdConfigurationStore.MaxAttempts}\n");
        Files.Should().Equal("config.toml");
    }

    /// <summary>gardener-node-agent truncates the file and writes it in pieces; each piece may be valid for itself.</summary>
    [Fact]
    public async Task A_file_that_is_half_written_is_not_taken_for_the_whole()
    {
        Task<bool> edited;
        await using (var writer = new StreamWriter(ConfigurationFile, append: false))
        {
            await writer.WriteAsync(Before);
            await writer.FlushAsync(TestEnd);
            edited = EditAsync();
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, TestEnd);
            await writer.WriteAsync("oom_score = 1\n");
        }

        (await edited).Should().BeTrue();

        Content.Should().StartWith(Before + "oom_score = 1\n").And.Contain(Entry.ConfigPath);
    }

    [Fact]
    public async Task A_candidate_that_is_refused_changes_nothing()
    {
        var edit = () => EditAsync((candidate, _) => throw new InvalidDataException(Read(candidate)));

        (await edit.Should().ThrowAsync<InvalidDataException>()).WithMessage($"*{Entry.ConfigPath}*", "the candidate has the new text");
        Content.Should().Be(Before);
        Files.Should().Equal("config.toml");
    }

    [Theory]
    [InlineData("node.toml")]
    [InlineData("below/node.toml")]
    public async Task A_link_is_followed_and_stays_a_link(string name)
    {
        var target = Path.Join(_directory.FullName, name);
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        File.Move(ConfigurationFile, target);
        File.CreateSymbolicLink(Path.Join(_directory.FullName, "middle.toml"), target);
        File.CreateSymbolicLink(ConfigurationFile, "middle.toml");

        (await EditAsync()).Should().BeTrue();

        new FileInfo(ConfigurationFile).LinkTarget.Should().Be("middle.toml");
        Read(target).Should().StartWith(Before).And.Contain(Entry.ConfigPath);
        File.GetUnixFileMode(target).Should().Be(Mode);
    }

    [Fact]
    public async Task A_link_out_of_reach_is_told_with_its_target()
    {
        File.Delete(ConfigurationFile);
        File.CreateSymbolicLink(ConfigurationFile, "/opt/node/containerd.toml");

        var edit = () => EditAsync();

        var told = await edit.Should().ThrowAsync<ContainerdConfigurationException>();
        told.WithMessage($"{ConfigurationFile} is a link to /opt/node/containerd.toml, which is not there or not mounted*");
        told.Which.Problem.Should().Be(ContainerdConfigurationProblem.OutOfReach);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    public async Task A_file_that_is_missing_or_empty_is_waited_for(string? text)
    {
        File.Delete(ConfigurationFile);
        if (text is not null)
        {
            Write(ConfigurationFile, text);
        }

        var edit = () => EditAsync();

        (await edit.Should().ThrowAsync<ContainerdConfigurationException>()).Which.Problem.Should().Be(ContainerdConfigurationProblem.Empty);
    }

    [Fact]
    public async Task A_file_without_version_is_read_as_the_nodes_containerd_reads_it()
    {
        Write(ConfigurationFile, "# this file is empty on purpose\n");

        await EditAsync(dump: "version = 3\n");

        Content.Should().Contain("io.containerd.cri.v1.runtime").And.NotContain("runtimes.runc]");
    }

    private IEnumerable<string?> Files => Directory.EnumerateFileSystemEntries(_directory.FullName).Select(Path.GetFileName);

    private string Content => Read(ConfigurationFile);

    private static string Read(string path) => File.ReadAllText(path);

    private static void Write(string path, string text) => File.WriteAllText(path, text);

    private Task<bool> EditAsync(Func<string, CancellationToken, Task>? check = null, string? dump = null) =>
        new ContainerdConfigurationStore(
            ConfigurationFile,
            _ => Task.FromResult(ContainerdConfigurationFile.Read(Encoding.UTF8.GetBytes(dump ?? throw new InvalidOperationException("asked without need")))),
            TimeProvider.System).EditAsync(file => HandlerEditor.Set(file, Entry), check, TestEnd);
}
