// SPDX-License-Identifier: Apache-2.0

using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Extensions.Logging;

namespace RuntimeGVisor.NodeInstaller.Events;

/// <summary>
/// Kubernetes Events on the installer's Node, where <c>kubectl describe node</c> shows them. Without a service account token, as the
/// extension deploys the installer by default, nothing is sent and nothing is missed.
/// </summary>
internal sealed partial class NodeEvents : IDisposable
{
    private const string Component = "gvisor-node-installer";
    private const int LongestMessage = 1000;
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    private readonly HttpClient? _client;
    private readonly string _tokenFile;
    private readonly string _node;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    private NodeEvents(HttpClient? client, string tokenFile, string node, TimeProvider time, ILogger logger) =>
        (_client, _tokenFile, _node, _time, _logger) = (client, tokenFile, node, time, logger);

    /// <summary>Uses what a pod has: the token, the CA and the server's address; sends nothing if one of them is missing.</summary>
    public static NodeEvents FromPod(TimeProvider time, ILogger logger, string directory = "/var/run/secrets/kubernetes.io/serviceaccount")
    {
        var tokenFile = Path.Join(directory, "token");
        var caFile = Path.Join(directory, "ca.crt");
        var host = Environment.GetEnvironmentVariable("KUBERNETES_SERVICE_HOST");
        var port = Environment.GetEnvironmentVariable("KUBERNETES_SERVICE_PORT");
        var node = Environment.GetEnvironmentVariable("NODE_NAME");
        if (string.IsNullOrEmpty(host) || string.IsNullOrEmpty(port) || string.IsNullOrEmpty(node) || !File.Exists(tokenFile) || !File.Exists(caFile))
        {
            return new(null, tokenFile, node ?? "", time, logger);
        }

        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.ImportFromPemFile(caFile);
        var handler = new SocketsHttpHandler { SslOptions = new() { CertificateChainPolicy = policy }, PooledConnectionIdleTimeout = Timeout };
        var address = new UriBuilder(Uri.UriSchemeHttps, host.Contains(':', StringComparison.Ordinal) ? $"[{host}]" : host, int.Parse(port)).Uri;
        return new(new(handler) { BaseAddress = address, Timeout = Timeout }, tokenFile, node, time, logger);
    }

    /// <summary>Sends an Event; a failure is logged and otherwise ignored, because the installation does not depend on it.</summary>
    /// <param name="isWarning">Whether somebody should look at it.</param>
    /// <param name="reason">A word in upper camel case.</param>
    /// <param name="message">A sentence.</param>
    /// <param name="cancellationToken">Ends the sending.</param>
    public async Task SendAsync(bool isWarning, string reason, string message, CancellationToken cancellationToken)
    {
        if (_client is null)
        {
            return;
        }

        var now = _time.GetUtcNow();
        var body = new NodeEvent
        {
            Metadata = new(EventName(reason, message), "default"),
            // The kubelet's own Events name the Node in this way, by its name as UID.
            InvolvedObject = new("v1", "Node", _node, _node),
            Reason = reason,
            Message = message.Length <= LongestMessage ? message : message[..LongestMessage],
            Type = isWarning ? "Warning" : "Normal",
            Source = new(Component, _node),
            FirstTimestamp = now,
            LastTimestamp = now,
        };
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/namespaces/default/events")
            {
                Content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(body, NodeEventJson.Default.NodeEvent)),
            };
            request.Content.Headers.ContentType = new("application/json");
            // The token is renewed on disk while the pod lives.
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", (await File.ReadAllTextAsync(_tokenFile, cancellationToken)).Trim());
            using var response = await _client.SendAsync(request, cancellationToken);
            if (!response.IsSuccessStatusCode)
            {
                LogNotSent(reason, $"the API server answers {(int)response.StatusCode}");
            }
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            LogNotSent(reason, exception.Message);
        }
    }

    public void Dispose() => _client?.Dispose();

    private string EventName(string reason, string message)
    {
        var digest = SHA512.HashData(Encoding.UTF8.GetBytes($"{reason}\n{message}\n{_time.GetUtcNow().UtcTicks}"));
        return $"{_node}.{Convert.ToHexStringLower(digest)[..16]}";
    }

    [LoggerMessage(LogLevel.Warning, "the Event {Reason} was not sent: {Error}")]
    private partial void LogNotSent(string reason, string error);
}

/// <summary>An Event of the core API.</summary>
internal sealed record NodeEvent
{
    public string ApiVersion { get; } = "v1";

    public string Kind { get; } = "Event";

    public required EventMetadata Metadata { get; init; }

    public required EventObject InvolvedObject { get; init; }

    public required string Reason { get; init; }

    public required string Message { get; init; }

    public required string Type { get; init; }

    public required EventSource Source { get; init; }

    [JsonConverter(typeof(SecondsConverter))]
    public required DateTimeOffset FirstTimestamp { get; init; }

    [JsonConverter(typeof(SecondsConverter))]
    public required DateTimeOffset LastTimestamp { get; init; }

    public int Count { get; } = 1;
}

internal sealed record EventMetadata(string Name, string Namespace);

internal sealed record EventObject(string ApiVersion, string Kind, string Name, string Uid);

internal sealed record EventSource(string Component, string Host);

/// <summary>Kubernetes takes times in whole seconds.</summary>
internal sealed class SecondsConverter : JsonConverter<DateTimeOffset>
{
    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetDateTimeOffset();

    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'"));
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(NodeEvent))]
internal sealed partial class NodeEventJson : JsonSerializerContext;
