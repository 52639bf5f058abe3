// SPDX-License-Identifier: Apache-2.0

using System.Text.Json;
using System.Text.Json.Serialization;
using RuntimeGVisor.NodeInstaller.Files;

namespace RuntimeGVisor.NodeInstaller.Convergence;

/// <summary>The journal's file.</summary>
internal sealed class JournalFile(string stateDirectory)
{
    private readonly string _path = Path.Join(stateDirectory, "journal.json");

    /// <summary>Reads the journal; a missing or unreadable one is an empty one, which costs at most a restart and a verification.</summary>
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

    /// <summary>Writes the journal, unless the file says the same already.</summary>
    public void Write(Journal journal)
    {
        var bytes = JsonSerializer.SerializeToUtf8Bytes(journal, JournalJson.Default.Journal);
        if (!File.Exists(_path) || !File.ReadAllBytes(_path).AsSpan().SequenceEqual(bytes))
        {
            NodeFiles.Write(_path, bytes);
        }
    }

    /// <summary>Finds out whether the journal could be written: what cannot be recorded at its end is not begun.</summary>
    /// <exception cref="IOException">It could not.</exception>
    public void CheckWritable()
    {
        NodeFiles.Prepare(_path, []);
        NodeFiles.Discard(_path);
    }
}

[JsonSourceGenerationOptions(
    WriteIndented = true, RespectNullableAnnotations = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true)]
[JsonSerializable(typeof(Journal))]
internal sealed partial class JournalJson : JsonSerializerContext;
