// SPDX-License-Identifier: Apache-2.0

using Microsoft.Extensions.Time.Testing;
using RuntimeGVisor.NodeInstaller.Releases;

namespace RuntimeGVisor.NodeInstaller.Tests.Releases;

public sealed class DebugLogsTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 11, 28, 8, 0, 0, TimeSpan.Zero);

    private readonly string _root = Directory.CreateTempSubdirectory("debug-logs-tests-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void The_oldest_logs_go_first_until_the_rest_is_within_the_limit()
    {
        Write("a/1.log", 60, hours: 3);
        Write("a/2.log", 60, hours: 2);
        Write("b/3.log", 60, hours: 1);

        Logs().Trim().Should().Be(120);

        Directory.GetFileSystemEntries(_root, "*", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(_root, path))
            .Should().BeEquivalentTo("b", "b/3.log");
    }

    /// <summary>Its blocks would stay until its sandbox ends.</summary>
    [Fact]
    public void A_log_that_is_being_written_is_emptied()
    {
        Write("a/1.log", 200, hours: 0);

        Logs().Trim();

        new FileInfo(Path.Join(_root, "a", "1.log")).Length.Should().Be(0);
    }

    [Fact]
    public void Old_logs_go_although_there_is_room()
    {
        Write("a/1.log", 1, hours: 8 * 24);
        Write("b/2.log", 1, hours: 6 * 24);

        Logs().Trim().Should().Be(1);
    }

    [Fact]
    public void A_node_without_debug_logs_has_nothing_to_trim() =>
        new DebugLogs(Path.Join(_root, "nowhere"), new FakeTimeProvider(Now)).Trim().Should().Be(0);

    private DebugLogs Logs() => new(_root, new FakeTimeProvider(Now)) { MaxBytes = 100 };

    private void Write(string path, int bytes, int hours)
    {
        var file = Path.Join(_root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllBytes(file, new byte[bytes]);
        File.SetLastWriteTimeUtc(file, Now.AddHours(-hours).UtcDateTime);
    }
}
