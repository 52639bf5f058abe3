// SPDX-License-Identifier: Apache-2.0

using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using RuntimeGVisor.Validation;

namespace RuntimeGVisor.Controller.CommandLine;

/// <summary>A finding with its place in a file; line and column are from 1, and null where nobody knows them.</summary>
internal sealed record ReportedFinding(string File, long? Line, long? Column, Severity Severity, string Path, string Message)
{
    public string ToText(TerminalColors colors)
    {
        var place = Line is null ? File : $"{File}:{Line}:{Column}";
        var severity = Severity == Severity.Error ? colors.Red("error") : colors.Yellow("warning");
        return $"{colors.Bold(place)}: {severity}: {(Path.Length == 0 ? Message : $"{Path}: {Message}")}";
    }
}

/// <summary>Findings as JSON.</summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata)]
[JsonSerializable(typeof(IReadOnlyList<ReportedFinding>))]
internal sealed partial class ReportedFindingJson : JsonSerializerContext
{
    public static ReportedFindingJson Readable { get; } = new(new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter<Severity>(JsonNamingPolicy.CamelCase) },
    });
}
