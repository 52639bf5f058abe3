// SPDX-License-Identifier: Apache-2.0

using System.Text.Json;
using System.Text.Json.Serialization;
using RuntimeGVisor.NodeInstaller.Files;

namespace RuntimeGVisor.NodeInstaller.Convergence;

/// <summary>An installation that a sandbox has proven.</summary>
/// <param name="ReleaseKey">The release.</param>
/// <param name="Version">gVisor's version.</param>
/// <param name="Handler">containerd's handler.</param>
/// <param name="ConfigPath">The file that containerd hands to the shim.</param>
/// <param name="RunscConfiguration">That file's text.</param>
/// <param name="ContainerdInvocation">The run of containerd in which it was proven.</param>
internal sealed record ProvenInstallation(
    string ReleaseKey, string Version, string Handler, string ConfigPath, string RunscConfiguration, string ContainerdInvocation);

/// <summary>Why the last pass failed.</summary>
internal sealed record RecordedFailure(FailureReason Reason, string Message, DateTimeOffset Time, int Attempts);

/// <summary>
/// What outlives the process. It is never believed about the state of the node, which is looked at; it tells what cannot be seen there:
/// that a restart is owed, what was proven, how often containerd was restarted.
/// </summary>
internal sealed record Journal
{
    /// <summary>containerd's configuration was changed and containerd may not have been restarted since.</summary>
    public bool RestartOwed { get; init; }

    /// <summary>The installation that works, to which a failing change is taken back; null when there never was one.</summary>
    public ProvenInstallation? Proven { get; init; }

    /// <summary>When containerd was restarted by this program, within the last hour.</summary>
    public IReadOnlyList<DateTimeOffset> Restarts { get; init; } = [];

    /// <summary>The last pass's failure; null when it had none.</summary>
    public RecordedFailure? Failure { get; init; }

    /// <summary>Stamps of release files whose checksums were right.</summary>
    public Dictionary<string, string> CheckedFiles { get; init; } = [];
}

/// <summary>The journal's file.</summary>
internal sealed class JournalFile(string stateDirectory, NodeFiles files)
{
    private readonly string _path = Path.Join(stateDirectory, "journal.json");

    /// <summary>Reads the journal; a missing or unreadable one is an empty one, which costs at most a restart and a proof.</summary>
    public Journal Read()
    {
        try
        {
            return File.Exists(_path)
                ? JsonSerializer.Deserialize(File.ReadAllBytes(_path), JournalJson.Default.Journal) ?? new()
                : new();
        }
        catch (Exception exception) when (exception is JsonException or IOException)
        {
            return new();
        }
    }

    public void Write(Journal journal) => files.Write(_path, JsonSerializer.SerializeToUtf8Bytes(journal, JournalJson.Default.Journal));

    public void Delete() => files.Delete(_path);
}

[JsonSourceGenerationOptions(
    WriteIndented = true, RespectNullableAnnotations = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true)]
[JsonSerializable(typeof(Journal))]
internal sealed partial class JournalJson : JsonSerializerContext;
