// SPDX-License-Identifier: Apache-2.0

using System.Text.Json;
using System.Text.Unicode;

namespace RuntimeGVisor.Admission.Reviews;

/// <summary>What an API server asks: <c>admission.k8s.io/v1 AdmissionReview</c>, of which only the needed fields are looked at.</summary>
internal sealed class AdmissionReview : IDisposable
{
    /// <summary>The API version and kind of question and answer.</summary>
    public const string ApiVersion = "admission.k8s.io/v1";

    /// <inheritdoc cref="ApiVersion"/>
    public const string Kind = "AdmissionReview";

    /// <summary>API servers take objects of 10,000 levels; the review adds two of its own.</summary>
    public const int MaxDepth = 10_002;

    private readonly JsonDocument _document;
    private readonly JsonElement _request;

    private AdmissionReview(JsonDocument document, JsonElement request, string uid)
    {
        _document = document;
        _request = request;
        Uid = uid;
    }

    /// <summary>Names the question; the answer must repeat it.</summary>
    public string Uid { get; }

    /// <summary>CREATE, UPDATE, DELETE or CONNECT.</summary>
    public string? Operation => Text(_request, "operation");

    /// <summary>The group, version and kind of the object as it was sent.</summary>
    public (string? Group, string? Version, string? Kind) ObjectKind =>
        Find(_request, "kind") is { } kind ? (Text(kind, "group"), Text(kind, "version"), Text(kind, "kind")) : default;

    /// <summary>Such as <c>status</c>; empty for the object itself.</summary>
    public string SubResource => Text(_request, "subResource") ?? "";

    /// <summary>The object as it shall become; null for a deletion.</summary>
    public JsonElement? Object => Find(_request, "object");

    /// <summary>The object as it is; null for a creation.</summary>
    public JsonElement? OldObject => Find(_request, "oldObject");

    /// <summary>Reads a review.</summary>
    /// <param name="json">UTF-8; not to be changed as long as the review is used.</param>
    /// <exception cref="FormatException">It is none; the message says why.</exception>
    public static AdmissionReview Read(ReadOnlyMemory<byte> json)
    {
        if (!Utf8.IsValid(json.Span))
        {
            throw new FormatException("The body is no UTF-8.");
        }

        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = MaxDepth });
        }
        catch (JsonException exception)
        {
            throw new FormatException($"The body is no JSON of at most {MaxDepth} levels: {exception.Message}", exception);
        }

        try
        {
            var root = document.RootElement;
            if (Text(root, "apiVersion") != ApiVersion || Text(root, "kind") != Kind)
            {
                throw new FormatException($"The body must have apiVersion {ApiVersion} and kind {Kind}.");
            }

            return Find(root, "request") is { } request && Text(request, "uid") is { Length: > 0 } uid
                ? new AdmissionReview(document, request, uid)
                : throw new FormatException("request.uid: must be a text that is not empty.");
        }
        catch
        {
            document.Dispose();
            throw;
        }
    }

    /// <summary>A field of an object; null if there is no such field, or no object.</summary>
    public static JsonElement? Find(JsonElement? value, string field) =>
        value is { ValueKind: JsonValueKind.Object } parent && parent.TryGetProperty(field, out var found) && found.ValueKind != JsonValueKind.Null ? found : null;

    /// <summary>A field that is a text; null if it is none.</summary>
    /// <exception cref="FormatException">It is no valid Unicode, such as half of a surrogate pair.</exception>
    public static string? Text(JsonElement? value, string field)
    {
        try
        {
            return Find(value, field) is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;
        }
        catch (InvalidOperationException exception)
        {
            throw new FormatException($"{field}: {exception.Message}", exception);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _document.Dispose();
}
