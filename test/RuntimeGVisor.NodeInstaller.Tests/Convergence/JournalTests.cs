// SPDX-License-Identifier: Apache-2.0

using RuntimeGVisor.NodeInstaller.Convergence;

namespace RuntimeGVisor.NodeInstaller.Tests.Installation;

public sealed class JournalTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 11, 25, 8, 0, 0, TimeSpan.Zero);

    private readonly string _directory = Directory.CreateTempSubdirectory("journal-tests-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void What_is_written_reads_back_the_same()
    {
        var journal = new Journal
        {
            RestartOwed = true,
            Proven = new("20260810.0-abc", "20260810.0", "runsc", "/etc/containerd/runsc.toml", "[runsc_config]\n", "1234"),
            Restarts = [Now],
            Failure = new(FailureReason.SandboxFailed, "it does not start", Now, 3),
            CheckedFiles = new() { ["/var/bin/runsc"] = "1-2-3-4" },
        };

        Open().Write(journal);

        Open().Read().Should().BeEquivalentTo(journal);
    }

    [Fact]
    public void A_node_without_a_journal_has_an_empty_one() => Open().Read().Should().BeEquivalentTo(new Journal());

    /// <summary>A damaged disk, a person, or the journal of a newer release: whatever is there costs a proof and never stops the installer.</summary>
    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("{\"restarts\":null}")]
    [InlineData("{\"checkedFiles\":null}")]
    [InlineData("{\"checkedFiles\":{\"/a\":1}}")]
    [InlineData("{\"restarts\":[\"yesterday\"]}")]
    [InlineData("{\"proven\":{\"releaseKey\":null,\"version\":\"1\",\"handler\":\"a\",\"configPath\":\"/a\",\"runscConfiguration\":\"\",\"containerdInvocation\":\"\"}}")]
    [InlineData("{\"failure\":{\"reason\":\"OfTheFuture\",\"message\":\"\",\"time\":\"2026-11-25T08:00:00Z\",\"attempts\":1}}")]
    public void A_journal_that_makes_no_sense_is_an_empty_one(string content)
    {
        File.WriteAllText(Path.Join(_directory, "journal.json"), content);

        Open().Read().Should().BeEquivalentTo(new Journal());
    }

    private JournalFile Open() => new(_directory, new(new(null)));
}
