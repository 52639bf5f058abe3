// SPDX-License-Identifier: Apache-2.0

using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace RuntimeGVisor.NodeInstaller.Events;

/// <summary>
/// Kubernetes Events on the installer's Node, where <c>kubectl describe node</c> shows them. Without a service account token, as the
/// extension deploys the installer by default, nothing is sent and nothing is missed. Nobody waits for an Event: they are sent one after
/// the other beside the work, and the oldest is dropped if the API server takes none.
/// </summary>
internal sealed partial class NodeEvents : IAsyncDisposable
{
    private const string Component = "gvisor-node-installer";
    private const int LongestMessage = 1000;
    private const int MostPending = 32;
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(2);

    private readonly Channel<NodeEvent> _pending =
        Channel.CreateBounded<NodeEvent>(new BoundedChannelOptions(MostPending) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });

    private readonly CancellationTokenSource _stop = new();
    private readonly HttpClient? _client;
    private readonly string _tokenFile;
    private readonly string _node;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Task _sending;

    private NodeEvents(HttpClient? client, string tokenFile, string node, TimeProvider time, ILogger logger)
    {
        (_client, _tokenFile, _node, _time, _logger) = (client, tokenFile, node, time, logger);
        _sending = client is null ? Task.CompletedTask : SendPendingAsync(client, _stop.Token);
    }

    /// <summary>
    /// Uses what a pod has: the token, the CA and the server's address; sends nothing if one of them is missing or of no use.
    /// </summary>
    /// <param name="time">The time of each Event.</param>
    /// <param name="logger">Is told what could not be sent.</param>
    /// <param name="directory">Where the token is mounted.</param>
    /// <param name="environment">Variables of the environment by name.</param>
    public static NodeEvents FromPod(
        TimeProvider time,
        ILogger logger,
        string directory = "/var/run/secrets/kubernetes.io/serviceaccount",
        Func<string, string?>? environment = null)
    {
        environment ??= Environment.GetEnvironmentVariable;
        var tokenFile = Path.Join(directory, "token");
        var node = environment("NODE_NAME") ?? "";
        var client = node.Length > 0 && File.Exists(tokenFile)
            ? CreateClient(Path.Join(directory, "ca.crt"), environment("KUBERNETES_SERVICE_HOST"), environment("KUBERNETES_SERVICE_PORT"), logger)
            : null;
        return new(client, tokenFile, node, time, logger);
    }

    /// <summary>Sends an Event some time; a failure is logged and otherwise ignored, because the installation does not depend on it.</summary>
    /// <param name="isWarning">Whether somebody should look at it.</param>
    /// <param name="reason">A word in upper camel case.</param>
    /// <param name="message">A sentence.</param>
    public void Send(bool isWarning, string reason, string message)
    {
        if (_client is null)
        {
            return;
        }

        var now = _time.GetUtcNow();
        _pending.Writer.TryWrite(new()
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
        });
    }

    /// <summary>Sends what is left, if the API server takes it at once.</summary>
    public async ValueTask DisposeAsync()
    {
        _pending.Writer.TryComplete();
        _stop.CancelAfter(Farewell);
        await _sending;
        _stop.Dispose();
        _client?.Dispose();
    }

    private static HttpClient? CreateClient(string caFile, string? host, string? port, ILogger logger)
    {
        try
        {
            var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            policy.CustomTrustStore.ImportFromPemFile(caFile);
            var handler = new SocketsHttpHandler
            {
                SslOptions = new() { CertificateChainPolicy = policy },
                PooledConnectionIdleTimeout = Timeout,
                UseProxy = false,
            };
            var authority = host?.Contains(':', StringComparison.Ordinal) == true ? $"[{host}]" : host;
            return new(handler) { BaseAddress = new($"https://{authority}:{port}"), Timeout = Timeout };
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or CryptographicException or UriFormatException)
        {
            LogNoEvents(logger, exception.Message);
            return null;
        }
    }

    private async Task SendPendingAsync(HttpClient client, CancellationToken cancellationToken)
    {
        await foreach (var nodeEvent in _pending.Reader.ReadAllAsync(CancellationToken.None))
        {
            try
            {
                await SendAsync(client, nodeEvent, cancellationToken);
            }
            catch (Exception exception)
            {
                LogNotSent(nodeEvent.Reason, exception.Message);
            }
        }
    }

    private async Task SendAsync(HttpClient client, NodeEvent nodeEvent, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/namespaces/default/events")
        {
            Content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(nodeEvent, NodeEventJson.Default.NodeEvent)),
        };
        request.Content.Headers.ContentType = new("application/json");
        // The token is renewed on disk while the pod lives.
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", (await File.ReadAllTextAsync(_tokenFile, cancellationToken)).Trim());
        using var response = await client.SendAsync(request, cancellationToken);
        if (!response.IsSuccessStatusCode)
        {
            LogNotSent(nodeEvent.Reason, $"the API server answers {(int)response.StatusCode}");
        }
    }

    private string EventName(string reason, string message)
    {
        var digest = SHA512.HashData(Encoding.UTF8.GetBytes($"{reason}\n{message}\n{_time.GetUtcNow().UtcTicks}"));
        return $"{_node}.{Convert.ToHexStringLower(digest)[..16]}";
    }

    [LoggerMessage(LogLevel.Warning, "no Events will be sent: {Error}")]
    private static partial void LogNoEvents(ILogger logger, string error);

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
