// SPDX-License-Identifier: Apache-2.0

using System.Buffers;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Net.WebSockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace ControlPlane;

/// <summary>
/// The API server as tests see it: plain JSON, no types of the product, so that what the product writes is judged by what is really there.
/// </summary>
public sealed class ApiServer : IDisposable
{
    /// <summary>How deep objects may be nested, as in Go.</summary>
    private const int MaxDepth = 10_000;

    private readonly SocketsHttpHandler _handler;
    private readonly HttpClient _http;

    /// <param name="server">Its URL.</param>
    /// <param name="certificateAuthorityFile">Signed its certificate.</param>
    /// <param name="token">Who asks.</param>
    /// <param name="userAgent">How requests are found in the audit log.</param>
    /// <param name="network">Where it listens; null for the network of this process.</param>
    public ApiServer(Uri server, string certificateAuthorityFile, string token, string userAgent, NetworkNamespace? network = null)
    {
        Server = server;
        _handler = CreateHandler(certificateAuthorityFile);
        _handler.ConnectCallback = network is null ? null : network.ConnectAsync;
        _http = new HttpClient(_handler)
        {
            BaseAddress = server,
            DefaultRequestVersion = HttpVersion.Version20,
            Timeout = TimeSpan.FromMinutes(1),
        };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        _http.DefaultRequestHeaders.UserAgent.ParseAdd(userAgent);
    }

    public Uri Server { get; }

    /// <summary>Trusts only this certificate authority, and checks the host name as usual.</summary>
    public static SocketsHttpHandler CreateHandler(string certificateAuthorityFile) => new()
    {
        SslOptions = new SslClientAuthenticationOptions
        {
            CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                CustomTrustStore = { X509CertificateLoader.LoadCertificateFromFile(certificateAuthorityFile) },
                RevocationMode = X509RevocationMode.NoCheck,
            },
        },
        EnableMultipleHttp2Connections = true,
        UseProxy = false,
    };

    public void Dispose()
    {
        _http.Dispose();
        _handler.Dispose();
    }

    /// <summary>The object at a path; null if there is none.</summary>
    public async Task<JsonObject?> FindAsync(string path)
    {
        using var response = await _http.GetAsync(new Uri(path, UriKind.Relative));
        return response.StatusCode == HttpStatusCode.NotFound ? null : await ReadAsync(response);
    }

    public async Task<JsonObject> GetAsync(string path) =>
        await FindAsync(path) ?? throw new InvalidOperationException($"{path}: there is no such object");

    public async Task<IReadOnlyList<JsonObject>> ListAsync(string path) =>
        [.. (await GetAsync(path))["items"]!.AsArray().Select(item => item!.AsObject())];

    public Task<JsonObject> CreateAsync(string path, JsonObject value) => SendAsync(HttpMethod.Post, path, value, "application/json");

    /// <summary>A JSON merge patch, as gardenlet sends.</summary>
    public Task<JsonObject> PatchAsync(string path, JsonObject patch) => SendAsync(HttpMethod.Patch, path, patch, "application/merge-patch+json");

    /// <summary>A JSON patch: a list of operations.</summary>
    public Task<JsonObject> JsonPatchAsync(string path, JsonArray operations) => SendAsync(HttpMethod.Patch, path, operations, "application/json-patch+json");

    /// <summary>Deletes an object; it may be gone already.</summary>
    public async Task DeleteAsync(string path)
    {
        using var response = await _http.DeleteAsync(new Uri(path, UriKind.Relative));
        if (response.StatusCode != HttpStatusCode.NotFound)
        {
            await ReadAsync(response);
        }
    }

    /// <summary>Sends any request and returns the status and the body, whatever they are.</summary>
    public async Task<(HttpStatusCode Status, string Body)> TryAsync(HttpMethod method, string path, JsonObject? body = null)
    {
        using var request = CreateRequest(method, path, body, "application/json");
        using var response = await _http.SendAsync(request);
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    /// <summary>Sends JSON that no <see cref="JsonNode"/> can hold, and returns the status and the body, whatever they are.</summary>
    public async Task<(HttpStatusCode Status, string Body)> TryAsync(HttpMethod method, string path, string body, string contentType = "application/json")
    {
        using var request = CreateRequest(method, path, null, contentType);
        request.Content = new StringContent(body, Encoding.UTF8, contentType);
        using var response = await _http.SendAsync(request);
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    /// <summary>What the API server warns of when it takes an object, as clients show it.</summary>
    public async Task<IReadOnlyList<string>> WarningsAsync(HttpMethod method, string path, JsonObject body)
    {
        using var request = CreateRequest(method, path, body, "application/json");
        using var response = await _http.SendAsync(request);
        await ReadAsync(response);
        return [.. response.Headers.Warning.Select(warning => warning.Text)];
    }

    /// <summary>Runs a command in a pod as <c>kubectl exec</c> does, without a process of its own for it.</summary>
    /// <param name="pod">The pod's path.</param>
    /// <param name="command">The program and its arguments.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>What it printed.</returns>
    /// <exception cref="InvalidOperationException">It could not be run, or ended with an error.</exception>
    public async Task<string> ExecAsync(string pod, IEnumerable<string> command, CancellationToken cancellationToken)
    {
        const byte Printed = 1, PrintedAsError = 2, Result = 3;
        var arguments = command.Select(word => $"command={Uri.EscapeDataString(word)}");
        var uri = new UriBuilder(Server) { Scheme = "wss", Path = $"{pod}/exec", Query = string.Join('&', ["stdout=1", "stderr=1", .. arguments]) }.Uri;
        using var socket = new ClientWebSocket();
        using var invoker = new HttpMessageInvoker(_handler, disposeHandler: false);
        socket.Options.AddSubProtocol("v4.channel.k8s.io");
        socket.Options.SetRequestHeader("Authorization", _http.DefaultRequestHeaders.Authorization!.ToString());
        await socket.ConnectAsync(uri, invoker, cancellationToken);

        // The first byte of a message names the channel that it belongs to.
        var channels = new Dictionary<byte, ArrayBufferWriter<byte>> { [Printed] = new(), [PrintedAsError] = new(), [Result] = new() };
        while (await ReceiveAsync(socket, cancellationToken) is { } message)
        {
            if (message.Length > 0)
            {
                channels[message[0]].Write(message.AsSpan(1));
            }
        }

        var result = JsonNode.Parse(Encoding.UTF8.GetString(channels[Result].WrittenSpan));
        return (string?)result?["status"] == "Success"
            ? Encoding.UTF8.GetString(channels[Printed].WrittenSpan)
            : throw new InvalidOperationException(
                $"{pod}: {string.Join(' ', command)}: {result?["message"]} {Encoding.UTF8.GetString(channels[PrintedAsError].WrittenSpan)}".TrimEnd());
    }

    /// <summary>A whole message; null at the end.</summary>
    private static async Task<byte[]?> ReceiveAsync(ClientWebSocket socket, CancellationToken cancellationToken)
    {
        var message = new ArrayBufferWriter<byte>();
        ValueWebSocketReceiveResult received;
        do
        {
            received = await socket.ReceiveAsync(message.GetMemory(16 * 1024), cancellationToken);
            if (received.MessageType == WebSocketMessageType.Close)
            {
                return null;
            }

            message.Advance(received.Count);
        }
        while (!received.EndOfMessage);

        return message.WrittenSpan.ToArray();
    }

    private static async Task<JsonObject> ReadAsync(HttpResponseMessage response)
    {
        var text = await response.Content.ReadAsStringAsync();
        return response.IsSuccessStatusCode
            ? JsonNode.Parse(text, documentOptions: new JsonDocumentOptions { MaxDepth = MaxDepth })!.AsObject()
            : throw new HttpRequestException(
                $"{response.RequestMessage!.Method} {response.RequestMessage.RequestUri!.AbsolutePath}: {text}", null, response.StatusCode);
    }

    private static HttpRequestMessage CreateRequest(HttpMethod method, string path, JsonNode? body, string contentType)
    {
        var request = new HttpRequestMessage(method, path) { Version = HttpVersion.Version20 };
        if (body is not null)
        {
            request.Content = new StringContent(body.ToJsonString(), Encoding.UTF8, contentType);
        }

        return request;
    }

    private async Task<JsonObject> SendAsync(HttpMethod method, string path, JsonNode body, string contentType)
    {
        using var request = CreateRequest(method, path, body, contentType);
        using var response = await _http.SendAsync(request);
        return await ReadAsync(response);
    }
}
