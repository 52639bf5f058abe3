// SPDX-License-Identifier: Apache-2.0

using RuntimeGVisor.NodeInstaller.Files;

namespace RuntimeGVisor.NodeInstaller.Systemd;

/// <summary>What a program on the node did.</summary>
/// <param name="Succeeded">Whether it ended with exit code 0, and in time.</param>
/// <param name="Output">What it printed.</param>
/// <param name="Errors">What it complained about.</param>
internal sealed record UnitRun(bool Succeeded, string Output, string Errors)
{
    /// <summary>The last line of its complaints, which says the most.</summary>
    public string LastError => Errors.Split('\n').LastOrDefault(line => !string.IsNullOrWhiteSpace(line))?.Trim() ?? "it gave no reason";
}

/// <summary>Runs programs among the node's own processes, each once and to its end, as a transient unit of systemd's.</summary>
/// <param name="systemd">Starts them.</param>
/// <param name="directory">A directory that this process and the node know by the same path, for what they print.</param>
internal sealed class TransientUnits(SystemdClient systemd, string directory)
{
    /// <summary>Runs a program.</summary>
    /// <param name="command">Path and arguments.</param>
    /// <param name="timeout">How long it may take.</param>
    /// <param name="overlay">A file that the program sees under another file's path; null for none.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="SystemdException">systemd cannot be reached or refuses.</exception>
    public async Task<UnitRun> RunAsync(
        IReadOnlyList<string> command, TimeSpan timeout, FileOverlay? overlay, CancellationToken cancellationToken)
    {
        var name = Path.Join(directory, $"unit-{Guid.NewGuid():N}");
        var (output, errors) = ($"{name}.output", $"{name}.errors");
        try
        {
            var succeeded = await systemd.RunAsync(command, output, errors, timeout, overlay, cancellationToken);
            return new(succeeded, await ReadAsync(output), await ReadAsync(errors));
        }
        finally
        {
            NodeFiles.Delete(output);
            NodeFiles.Delete(errors);
        }

        // A program that systemd could not start has printed nothing.
        async Task<string> ReadAsync(string path) => File.Exists(path) ? await File.ReadAllTextAsync(path, cancellationToken) : "";
    }
}
