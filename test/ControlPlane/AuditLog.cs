// SPDX-License-Identifier: Apache-2.0

using System.Globalization;
using System.Text.Json;

namespace ControlPlane;

/// <summary>One request, as the API server recorded it.</summary>
/// <param name="Time">When it came in.</param>
/// <param name="User">Who asked.</param>
/// <param name="UserAgent">With which program.</param>
/// <param name="Verb">Kubernetes' verb: get, list, watch, create, patch, delete.</param>
/// <param name="Resource">The plural, with the subresource after a slash.</param>
/// <param name="Namespace">Empty for cluster-scoped resources.</param>
/// <param name="Name">Empty for collections.</param>
/// <param name="Code">HTTP status of the answer.</param>
public sealed record AuditedRequest(
    DateTimeOffset Time, string User, string UserAgent, string Verb, string Resource, string Namespace, string Name, int Code)
{
    public bool IsWrite => Verb is "create" or "update" or "patch" or "delete" or "deletecollection";
}

/// <summary>Reads the API server's audit log.</summary>
public static class AuditLog
{
    /// <summary>All finished requests for resources, in the order in which they finished. Running watches are not among them.</summary>
    public static IReadOnlyList<AuditedRequest> Read(string path)
    {
        var requests = new List<AuditedRequest>();
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(stream);
        while (reader.ReadLine() is { } line)
        {
            // The server may be in the middle of writing the last line.
            if (line.EndsWith('}') && Parse(line) is { } request)
            {
                requests.Add(request);
            }
        }

        return requests;
    }

    private static AuditedRequest? Parse(string line)
    {
        using var document = JsonDocument.Parse(line);
        var entry = document.RootElement;
        if (Text(entry, "stage") != "ResponseComplete" || !entry.TryGetProperty("objectRef", out var reference))
        {
            return null;
        }

        var subresource = Text(reference, "subresource");
        return new AuditedRequest(
            DateTimeOffset.Parse(Text(entry, "requestReceivedTimestamp"), CultureInfo.InvariantCulture),
            Text(entry.GetProperty("user"), "username"),
            Text(entry, "userAgent"),
            Text(entry, "verb"),
            Text(reference, "resource") + (subresource.Length == 0 ? "" : $"/{subresource}"),
            Text(reference, "namespace"),
            Text(reference, "name"),
            entry.TryGetProperty("responseStatus", out var status) && status.TryGetProperty("code", out var code) ? code.GetInt32() : 0);
    }

    private static string Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) ? value.GetString() ?? "" : "";
}
