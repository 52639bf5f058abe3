// SPDX-License-Identifier: Apache-2.0

using System.Buffers;
using System.Collections.Immutable;
using System.Text.Json;

namespace RuntimeGVisor.Admission.Reviews;

/// <summary>What is answered.</summary>
internal sealed record AdmissionResponse
{
    private const int UnprocessableEntity = 422;

    /// <summary>The object is taken without a word.</summary>
    public static AdmissionResponse Allowed { get; } = new();

    /// <summary>Why the object is rejected; null if it is not.</summary>
    public string? Rejection { get; init; }

    /// <summary>What the person is told in any case.</summary>
    public ImmutableArray<string> Warnings { get; init; } = [];

    /// <summary>Writes the answer to a question.</summary>
    /// <param name="output">Gets UTF-8 JSON.</param>
    /// <param name="uid">The question.</param>
    public void Write(IBufferWriter<byte> output, string uid)
    {
        using var json = new Utf8JsonWriter(output);
        json.WriteStartObject();
        json.WriteString("apiVersion", AdmissionReview.ApiVersion);
        json.WriteString("kind", AdmissionReview.Kind);
        json.WriteStartObject("response");
        json.WriteString("uid", uid);
        json.WriteBoolean("allowed", Rejection is null);
        if (Rejection is not null)
        {
            json.WriteStartObject("status");
            json.WriteNumber("code", UnprocessableEntity);
            json.WriteString("reason", "Invalid");
            json.WriteString("message", Rejection);
            json.WriteEndObject();
        }

        if (!Warnings.IsEmpty)
        {
            json.WriteStartArray("warnings");
            foreach (var warning in Warnings)
            {
                json.WriteStringValue(warning);
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }
}
