// SPDX-License-Identifier: Apache-2.0

using System.Buffers;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Kubernetes.Controllers.Client;

/// <summary>A change of an object, in one of the formats that the API server accepts.</summary>
/// <remarks>
/// Changes are patches of the fields that the caller owns, never a PUT of a typed object: a type that lacks a field would remove it.
/// </remarks>
public sealed record Patch
{
    private Patch(string contentType, ReadOnlyMemory<byte> body)
    {
        ContentType = contentType;
        Body = body;
    }

    /// <summary>The patch format's media type.</summary>
    public string ContentType { get; }

    /// <summary>The patch, as UTF-8 JSON.</summary>
    public ReadOnlyMemory<byte> Body { get; }

    /// <summary>Name under which the server records who owns the changed fields; null derives it from the User-Agent.</summary>
    public string? FieldManager { get; init; }

    /// <summary>For server-side apply: take fields over that another manager owns.</summary>
    public bool Force { get; private init; }

    /// <summary>The server checks the change and answers as if it had made it, but stores nothing.</summary>
    public bool DryRun { get; init; }

    /// <summary>
    /// A JSON merge patch (RFC 7396): null removes a field, an array replaces the whole array.
    /// With <c>metadata.resourceVersion</c> in it, the server answers 409 unless the object still has that version.
    /// </summary>
    public static Patch Merge(JsonObject body) => new("application/merge-patch+json", Encode(body));

    /// <summary>A JSON patch (RFC 6902): a list of operations, all or none of which are carried out.</summary>
    public static Patch Json(JsonArray operations) => new("application/json-patch+json", Encode(operations));

    /// <summary>Server-side apply: creates the object or makes the fields that <paramref name="fieldManager"/> owns equal to the body's.</summary>
    /// <param name="body">The owned fields with <c>apiVersion</c>, <c>kind</c> and <c>metadata.name</c>.</param>
    /// <param name="fieldManager">Name of the owner.</param>
    /// <param name="force">Take conflicting fields over instead of a 409.</param>
    public static Patch Apply(JsonObject body, string fieldManager, bool force = true) =>
        new("application/apply-patch+yaml", Encode(body)) { FieldManager = fieldManager, Force = force };

    private static byte[] Encode(JsonNode node)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            node.WriteTo(writer);
        }

        return buffer.WrittenSpan.ToArray();
    }
}
