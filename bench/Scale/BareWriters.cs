// SPDX-License-Identifier: Apache-2.0

using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Threading.Channels;
using ControlPlane;
using Kubernetes.Controllers.Client;

namespace Scale;

/// <summary>
/// Sends exactly the writes that ContainerRuntimes need, from as many connections as the controller has workers, and does nothing else:
/// no watch, no cache, no rendering, no look at the answers. What they reach on a machine is the most that a controller can reach there.
/// </summary>
internal sealed class BareWriters : IDisposable
{
    private readonly Payload _payload;
    private readonly HttpClient[] _connections;
    private readonly ConcurrentDictionary<string, bool> _shared = new(StringComparer.Ordinal);

    public BareWriters(LocalControlPlane controlPlane, Payload payload, int connections)
    {
        _payload = payload;
        var configuration = ApiClientConfiguration.Load(controlPlane.AdminKubeconfig);
        _connections = [.. Enumerable.Range(0, connections).Select(_ => Connect(configuration, controlPlane.CertificateAuthorityFile))];
    }

    public void Dispose() => Array.ForEach(_connections, connection => connection.Dispose());

    /// <summary>Runs a load and answers each of its requests with the writes of a ContainerRuntime that is new.</summary>
    public Task AnswerFreshAsync(Func<Action<Request>, Task> load) => AnswerAsync(load, WriteFreshAsync);

    /// <summary>Runs a load and answers each of its requests with the writes of a ContainerRuntime of which nothing has changed.</summary>
    public Task AnswerUnchangedAsync(Func<Action<Request>, Task> load) => AnswerAsync(load, WriteUnchangedAsync);

    private static HttpClient Connect(ApiClientConfiguration configuration, string certificateAuthorityFile)
    {
        var http = new HttpClient(ApiServer.CreateHandler(certificateAuthorityFile))
        {
            BaseAddress = configuration.Server,
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", configuration.Token);
        http.DefaultRequestHeaders.UserAgent.ParseAdd("bench-bare-writes");
        http.DefaultRequestHeaders.Accept.ParseAdd("application/json");
        return http;
    }

    private async Task AnswerAsync(Func<Action<Request>, Task> load, Func<HttpClient, Request, Task> write)
    {
        var requests = Channel.CreateUnbounded<Request>();
        var writers = Task.WhenAll(_connections.Select(async connection =>
        {
            await foreach (var request in requests.Reader.ReadAllAsync())
            {
                await write(connection, request);
            }
        }));
        await load(request => requests.Writer.TryWrite(request));
        requests.Writer.Complete();
        await writers;
    }

    private async Task WriteFreshAsync(HttpClient connection, Request request)
    {
        var path = ApiPaths.ContainerRuntimes(request.Key.Namespace, request.Key.Name);
        await PatchAsync(connection, path, $$"""
            {"metadata":{"resourceVersion":"{{request.ResourceVersion}}","annotations":{"gardener.cloud/operation":null},"finalizers":["extensions.gardener.cloud/containerruntime"]} }
            """);
        await PatchAsync(connection, $"{path}/status", Processing("Create"));
        if (_shared.TryAdd(request.Key.Namespace, true))
        {
            await CreateAsync(connection, request.Key.Namespace, _payload.Shared(request.Key.Namespace));
        }

        await CreateAsync(connection, request.Key.Namespace, _payload.Pool(request.Pool, request.Key.Namespace));
        await PatchAsync(connection, $"{path}/status", Succeeded());
    }

    private static async Task WriteUnchangedAsync(HttpClient connection, Request request)
    {
        var path = ApiPaths.ContainerRuntimes(request.Key.Namespace, request.Key.Name);
        await PatchAsync(connection, path, $$"""
            {"metadata":{"resourceVersion":"{{request.ResourceVersion}}","annotations":{"gardener.cloud/operation":null} } }
            """);
        await PatchAsync(connection, $"{path}/status", Processing("Reconcile"));
        await PatchAsync(connection, $"{path}/status", Succeeded());
    }

    private static async Task CreateAsync(HttpClient connection, string @namespace, PayloadPair pair)
    {
        await SendAsync(connection, HttpMethod.Post, ApiPaths.Secrets(@namespace), pair.Secret, "application/json");
        await SendAsync(connection, HttpMethod.Post, ApiPaths.ManagedResources(@namespace), pair.ManagedResource, "application/json");
    }

    private static string Processing(string type) => $$"""
        {"status":{"lastOperation":{"description":"Reconciling the ContainerRuntime","lastUpdateTime":"{{Now()}}","progress":1,"state":"Processing","type":"{{type}}"} } }
        """;

    private static string Succeeded() => $$"""
        {"status":{"lastOperation":{"description":"Successfully reconciled ContainerRuntime","lastUpdateTime":"{{Now()}}","progress":100,"state":"Succeeded"},"observedGeneration":1} }
        """;

    private static string Now() => TimeProvider.System.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static Task PatchAsync(HttpClient connection, string path, string patch) =>
        SendAsync(connection, HttpMethod.Patch, path, patch, "application/merge-patch+json");

    private static async Task SendAsync(HttpClient connection, HttpMethod method, string path, string body, string contentType)
    {
        using var request = new HttpRequestMessage(method, path) { Version = HttpVersion.Version20 };
        request.Content = new StringContent(body, Encoding.UTF8, new MediaTypeHeaderValue(contentType));
        using var response = await connection.SendAsync(request);
        if (!response.IsSuccessStatusCode)
        {
            throw new HttpRequestException($"{method} {path}: {await response.Content.ReadAsStringAsync()}", null, response.StatusCode);
        }
    }
}
