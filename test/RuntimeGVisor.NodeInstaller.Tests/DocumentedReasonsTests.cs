// SPDX-License-Identifier: Apache-2.0

using RuntimeGVisor.NodeInstaller.CommandLine;
using RuntimeGVisor.NodeInstaller.Convergence;

namespace RuntimeGVisor.NodeInstaller.Tests;

/// <summary>Whoever sees a reason in a status, a metric or an Event finds it in the documentation.</summary>
public sealed class DocumentedReasonsTests
{
    [Fact]
    public void Every_reason_and_cause_is_documented_and_no_other()
    {
        var rows = TablesOf("docs/operations/node-installer.md");

        rows.Intersect(Enum.GetNames<FailureReason>(), StringComparer.Ordinal).Should().BeEquivalentTo(Enum.GetNames<FailureReason>());
        rows.Intersect(Enum.GetNames<DriftCause>(), StringComparer.Ordinal).Should().BeEquivalentTo(Enum.GetNames<DriftCause>());
        rows.Where(row => row.StartsWith("Containerd", StringComparison.Ordinal)).Should().BeSubsetOf(Enum.GetNames<FailureReason>());
    }

    [Fact]
    public void Every_exit_code_is_documented() =>
        TablesOf("docs/operations/node-installer.md").Should().Contain(Enum.GetValues<ExitCode>().Select(code => $"{(int)code}"));

    /// <summary>First cells of all rows, without code marks.</summary>
    private static List<string> TablesOf(string document) =>
    [
        .. File.ReadLines(Repository.PathOf(document)).Where(line => line.StartsWith('|')).Select(line => line.Split('|')[1].Trim().Trim('`')),
    ];
}
