// SPDX-License-Identifier: Apache-2.0

namespace RuntimeGVisor.NodeInstaller.Files;

/// <summary>
/// Counts what this process does to the node: each file operation and each call to systemd ends with <see cref="Passed"/>. A test that
/// sets <see cref="Variable"/> to N has the process killed right after the Nth, as a power cut would.
/// </summary>
internal sealed class KillPoint(int? killAfter)
{
    /// <summary>For tests only: number of the step after which the process kills itself.</summary>
    public const string Variable = "GVISOR_NODE_INSTALLER_KILL_AFTER";

    // Of a process that SIGKILL ended. The signal itself does nothing to the first process of a container.
    private const int ExitCode = 137;

    private int _passed;

    public static KillPoint FromEnvironment() =>
        new(int.TryParse(Environment.GetEnvironmentVariable(Variable), out var number) && number > 0 ? number : null);

    /// <summary>A step on the node is complete.</summary>
    public void Passed()
    {
        if (Interlocked.Increment(ref _passed) == killAfter)
        {
            LibC.ExitAtOnce(ExitCode);
        }
    }
}
