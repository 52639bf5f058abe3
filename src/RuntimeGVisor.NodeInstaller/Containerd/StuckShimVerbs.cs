// SPDX-License-Identifier: Apache-2.0

using System.Diagnostics;

namespace RuntimeGVisor.NodeInstaller.Containerd;

/// <summary>What the installer has this program do among the node's own processes when containerd does not come up.</summary>
internal static class StuckShimVerbs
{
    /// <summary>Ends the stuck shims, and prints the sandboxes' identifiers.</summary>
    /// <param name="spareRunning">Whether to leave shims with a running container alone.</param>
    /// <param name="output">Takes the identifiers.</param>
    public static async Task KillAsync(bool spareRunning, TextWriter output)
    {
        if (await FindVersionAsync() is { } version && !Hangs(version))
        {
            return;
        }

        foreach (var shim in StuckShim.FindAll().Where(shim => !spareRunning || !shim.HasRunningContainer))
        {
            shim.Process.Kill();
            await output.WriteLineAsync(shim.SandboxId);
        }
    }

    /// <summary>Whether a containerd of this version waits for stuck shims when it starts. 1.6 and before do not.</summary>
    /// <param name="version">What <c>containerd --version</c> prints.</param>
    internal static bool Hangs(string version)
    {
        var number = version.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(word => word.TrimStart('v')).FirstOrDefault(word => char.IsAsciiDigit(word[0]));
        return number?.Split('.', '~', '-') is not [var major, var minor, ..]
            || !int.TryParse(major, out var majorNumber)
            || !int.TryParse(minor, out var minorNumber)
            || majorNumber > 1
            || minorNumber >= 7;
    }

    private static async Task<string?> FindVersionAsync()
    {
        var containerd = NodeProcess.All.FirstOrDefault(process => Path.GetFileName(process.Executable) == "containerd");
        if (containerd?.Executable is not { } program)
        {
            return null;
        }

        using var process = Process.Start(new ProcessStartInfo(program, "--version") { RedirectStandardOutput = true, UseShellExecute = false });
        return process is null ? null : await process.StandardOutput.ReadToEndAsync();
    }
}
