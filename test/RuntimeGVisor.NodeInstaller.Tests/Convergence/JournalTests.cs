// SPDX-License-Identifier: Apache-2.0

using RuntimeGVisor.NodeInstaller.Convergence;

namespace RuntimeGVisor.NodeInstaller.Tests.Convergence;

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
            RestartPending = true,
            Verified = new("20260810.0", "runsc", "/bin/gvisor/a/runsc-1.toml", "1234"),
            Rejected = new("/bin/gvisor/b/runsc-2.toml", "abc", FailureReason.HandlerNotServed, "it does not serve", Now),
            Restarts = [Now],
            Failure = new(FailureReason.SandboxFailed, "it does not start", Now, 3),
            VerifiedFiles = new() { ["/var/bin/runsc"] = "1-2-3-4" },
            UnusedSince = new() { ["/bin/gvisor/c"] = Now },
            AdoptedConfiguration = "/etc/containerd/runsc.toml",
            EmptySince = Now,
        };

        Open().Write(journal);

        Open().Read().Should().BeEquivalentTo(journal);
    }

    [Fact]
    public void A_node_without_a_journal_has_an_empty_one() => Open().Read().Should().BeEquivalentTo(new Journal());

    /// <summary>A damaged disk, a person, or the journal of a newer release: whatever is there costs a verification and never stops the installer.</summary>
    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("{\"restarts\":null}")]
    [InlineData("{\"verifiedFiles\":null}")]
    [InlineData("{\"verifiedFiles\":{\"/a\":1}}")]
    [InlineData("{\"restarts\":[\"yesterday\"]}")]
    [InlineData("{\"verified\":{\"version\":null,\"handler\":\"a\",\"configPath\":\"/a\",\"containerdInvocation\":\"\"}}")]
    [InlineData("{\"failure\":{\"reason\":\"OfTheFuture\",\"message\":\"\",\"time\":\"2026-11-25T08:00:00Z\",\"attempts\":1}}")]
    public void A_journal_that_makes_no_sense_is_an_empty_one(string content)
    {
        File.WriteAllText(Path.Join(_directory, "journal.json"), content);

        Open().Read().Should().BeEquivalentTo(new Journal());
    }

    [Fact]
    public void A_journal_that_says_the_same_is_not_written_again()
    {
        Open().Write(new() { Restarts = [Now] });
        var file = Path.Join(_directory, "journal.json");
        File.SetLastWriteTimeUtc(file, Now.UtcDateTime);

        Open().Write(new() { Restarts = [Now] });

        File.GetLastWriteTimeUtc(file).Should().Be(Now.UtcDateTime);
    }

    private JournalFile Open() => new(_directory);
}
