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

/// <summary>Which writes a ContainerRuntime is answered with.</summary>
internal enum Writes
{
    /// <summary>Those of a new one, <c>Processing</c> included, as the Go extension sends them.</summary>
    Fresh,

    /// <summary>Those of a new one as this controller sends them.</summary>
    FreshAsController,

    /// <summary>Those of one of which nothing has changed, <c>Processing</c> included.</summary>
    Unchanged,
}

/// <summary>
/// Sends exactly the writes that ContainerRuntimes need, from as many connections as the controller has workers, and does nothing else:
/// no watch, no cache, no rendering, no look at the answers. What they reach on a machine is the most that a controller can reach there.
/// </summary>
internal sealed class BareWriters : IDisposable
{
    private readonly Payload _payload;
    private readonly HttpClient[] _connections;
    private readonly ConcurrentDictionary<string, bool> _shared = new(StringComparer.Ordinal);

    public const string End = "end";

    public BareWriters(string kubeconfig, string certificateAuthorityFile, Payload payload, int connections)
    {
        _payload = payload;
        var configuration = ApiClientConfiguration.Load(kubeconfig);
        _connections = [.. Enumerable.Range(0, connections).Select(_ => Connect(configuration, certificateAuthorityFile))];
    }

    public void Dispose() => Array.ForEach(_connections, connection => connection.Dispose());

    /// <summary>
    /// Answers requests, one a line: the writes, namespace, name, pool, version. After the line <see cref="End"/> it says the same when all
    /// of them are written.
    /// </summary>
    public async Task RunAsync(TextReader input, TextWriter output)
    {
        while (true)
        {
            var requests = Channel.CreateUnbounded<(Writes Writes, Request Request)>();
            var writers = Task.WhenAll(_connections.Select(async connection =>
            {
                await foreach (var (writes, request) in requests.Reader.ReadAllAsync())
                {
                    await WriteAsync(connection, writes, request);
                }
            }));
            string? line;
            while ((line = await input.ReadLineAsync()) is not null and not End)
            {
                var fields = line.Split(' ');
                requests.Writer.TryWrite((Enum.Parse<Writes>(fields[0]), new Request(new ObjectKey(fields[1], fields[2]), fields[3], fields[4])));
            }

            requests.Writer.Complete();
            await writers;
            if (line is null)
            {
                return;
            }

            await output.WriteLineAsync(End);
        }
    }

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

    private async Task WriteAsync(HttpClient connection, Writes writes, Request request)
    {
        var isFresh = writes is Writes.Fresh or Writes.FreshAsController;
        var path = ApiPaths.ContainerRuntimes(request.Key.Namespace, request.Key.Name);
        await PatchAsync(connection, path, isFresh
            ? $$"""
                {"metadata":{"resourceVersion":"{{request.ResourceVersion}}","annotations":{"gardener.cloud/operation":null},"finalizers":["extensions.gardener.cloud/containerruntime"]} }
                """
            : $$"""
                {"metadata":{"resourceVersion":"{{request.ResourceVersion}}","annotations":{"gardener.cloud/operation":null} } }
                """);
        var type = isFresh ? "Create" : "Reconcile";
        if (writes is Writes.Fresh or Writes.Unchanged)
        {
            await PatchAsync(connection, $"{path}/status", Processing(type));
        }

        if (isFresh)
        {
            if (_shared.TryAdd(request.Key.Namespace, true))
            {
                await CreateAsync(connection, request.Key.Namespace, _payload.Shared(request.Key.Namespace));
            }

            await CreateAsync(connection, request.Key.Namespace, _payload.Pool(request.Pool, request.Key.Namespace));
        }

        await PatchAsync(connection, $"{path}/status", Succeeded(type));
    }

    private static async Task CreateAsync(HttpClient connection, string @namespace, PayloadPair pair)
    {
        await SendAsync(connection, HttpMethod.Post, ApiPaths.Secrets(@namespace), pair.Secret, "application/json");
        await SendAsync(connection, HttpMethod.Post, ApiPaths.ManagedResources(@namespace), pair.ManagedResource, "application/json");
    }

    private static string Processing(string type) => $$"""
        {"status":{"lastOperation":{"description":"Reconciling the ContainerRuntime","lastUpdateTime":"{{Now()}}","progress":1,"state":"Processing","type":"{{type}}"} } }
        """;

    private static string Succeeded(string type) => $$"""
        {"status":{"lastOperation":{"description":"Successfully reconciled ContainerRuntime","lastUpdateTime":"{{Now()}}","progress":100,"state":"Succeeded","type":"{{type}}"},"observedGeneration":1} }
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
