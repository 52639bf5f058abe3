// SPDX-License-Identifier: Apache-2.0

using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace RuntimeGVisor.NodeInstaller.CommandLine;

/// <summary>Reports as JSON.</summary>
[JsonSerializable(typeof(PlanReport))]
[JsonSerializable(typeof(CheckReport))]
internal sealed partial class ReportJson : JsonSerializerContext
{
    /// <summary>For a terminal: quotes and the signs of a diff stay what they are.</summary>
    public static ReportJson Readable { get; } = new(new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
