// SPDX-License-Identifier: Apache-2.0

using System.Collections.Concurrent;
using System.Globalization;
using System.IO.Pipelines;
using System.Net;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Hosting;
using Hosting.Metrics;
using Kubernetes.Controllers.Serialization;
using k8s;
using k8s.Models;

namespace Kubernetes.Controllers.Client;

/// <summary>The Kubernetes API over HTTP/2. One instance serves a whole program.</summary>
public sealed class ApiClient : IApiClient, IDisposable
{
    // As client-go: an answer with Retry-After is asked again up to ten times.
    private const int MaxRetries = 10;
    private static readonly StreamPipeReaderOptions PipeOptions = new(bufferSize: 16 * 1024, minimumReadSize: 4 * 1024);

    private readonly ApiClientConfiguration _configuration;
    private readonly TimeProvider _time;
    private readonly HttpMessageInvoker _http;
    private readonly BearerToken _token;
    private readonly Uri _server;
    private readonly string _host;
    private readonly MetricFamily<Counter>? _requestsTotal;
    private readonly ConcurrentDictionary<(string Code, string Method), Counter> _requests = new();
    private volatile ApiException? _initialEventsRefused;

    /// <summary>Connects lazily: nothing is sent before the first call.</summary>
    /// <param name="configuration">Server and credentials.</param>
    /// <param name="time">Time-outs and token age.</param>
    /// <param name="metrics">Gets <c>rest_client_requests_total</c>; null for none.</param>
    /// <exception cref="ConfigurationException">The certificate authorities cannot be read.</exception>
    public ApiClient(ApiClientConfiguration configuration, TimeProvider time, MetricRegistry? metrics = null)
    {
        _configuration = configuration;
        _time = time;
        _token = new BearerToken(configuration.Token, configuration.TokenFile, time);
        _server = configuration.Server.AbsolutePath.EndsWith('/') ? configuration.Server : new Uri(configuration.Server.AbsoluteUri + "/");
        _host = configuration.Server.GetComponents(UriComponents.Host | UriComponents.StrongPort, UriFormat.UriEscaped);
        _requestsTotal = metrics?.Counter(
            "rest_client_requests_total", "Number of HTTP requests, partitioned by status code, method, and host.", "code", "method", "host");
        _http = new HttpMessageInvoker(CreateHandler(configuration));
    }

    /// <summary>
    /// Asked right before each write but those of Leases: a process that stood still must not go on writing when another may have taken its place.
    /// </summary>
    internal Func<bool>? MayWrite { get; set; }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    /// <inheritdoc/>
    public async Task<T?> FindAsync<T>(ResourceDefinition<T> resource, ObjectKey key, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        try
        {
            var path = resource.PathOf(key.Namespace, key.Name);
            var request = new Request(HttpMethod.Get, path, resource.IsSecret) { Accept = ResourceDefinition<T>.Accept };
            return await ExecuteAsync(request, resource.TypeInfo, cancellationToken);
        }
        catch (ApiException exception) when (exception.IsNotFound)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public Task<ListPage> ReadPageAsync<T>(
        ResourceDefinition<T> resource, string? @namespace, ListOptions options, Action<Decoded<T>> receive, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var query = new Query(resource.PathOf(@namespace, null));
        query.Add("limit", options.PageSize.ToString(CultureInfo.InvariantCulture));
        query.Add("continue", options.Continue);
        query.Add("labelSelector", options.LabelSelector);

        // A continue token has a version of its own.
        query.Add("resourceVersion", options.Continue is null ? options.ResourceVersion : null);
        var request = new Request(HttpMethod.Get, query.ToString(), resource.IsSecret) { Accept = ResourceDefinition<T>.AcceptList };
        return ExecuteAsync(request, ReadAsync, cancellationToken);

        async Task<ListPage> ReadAsync(HttpContent content, CancellationToken cancellation)
        {
            var pipe = PipeReader.Create(await content.ReadAsStreamAsync(cancellation), PipeOptions);
            try
            {
                return await ObjectStream.ReadListAsync(pipe, resource, receive, cancellation);
            }
            finally
            {
                await pipe.CompleteAsync();
            }
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<Decoded<T>> WatchAsync<T>(
        ResourceDefinition<T> resource, string? @namespace, WatchOptions options, [EnumeratorCancellation] CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        if (options.SendInitialEvents && _initialEventsRefused is { } refused)
        {
            throw refused;
        }

        var query = new Query(resource.PathOf(@namespace, null));
        query.Add("watch", "true");
        query.Add("allowWatchBookmarks", "true");
        query.Add("sendInitialEvents", options.SendInitialEvents ? "true" : null);
        query.Add("resourceVersionMatch", options.SendInitialEvents ? "NotOlderThan" : null);
        query.Add("resourceVersion", options.ResourceVersion);
        query.Add("timeoutSeconds", ((long)options.Timeout.TotalSeconds).ToString(CultureInfo.InvariantCulture));
        query.Add("labelSelector", options.LabelSelector);
        using var response = await BeginWatchAsync(
            new Request(HttpMethod.Get, query.ToString(), resource.IsSecret) { Accept = ResourceDefinition<T>.Accept }, options, cancellationToken);
        yield return new Decoded<T>(WatchEventType.Bookmark, null, options.ResourceVersion);

        var pipe = PipeReader.Create(await response.Content.ReadAsStreamAsync(cancellationToken), PipeOptions);
        try
        {
            await using var changes = ObjectStream.ReadWatchAsync(pipe, resource, cancellationToken).GetAsyncEnumerator(cancellationToken);
            while (await ReadBodyAsync(changes.MoveNextAsync()))
            {
                yield return changes.Current;
            }
        }
        finally
        {
            await pipe.CompleteAsync();
        }
    }

    /// <inheritdoc/>
    public Task<T> CreateAsync<T>(ResourceDefinition<T> resource, T value, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        value.ApiVersion ??= resource.ApiVersion;
        value.Kind ??= resource.Kind;
        var body = JsonSerializer.SerializeToUtf8Bytes(value, resource.TypeInfo);
        var path = resource.PathOf(value.Metadata.NamespaceProperty, null);
        return ExecuteAsync(new Request(HttpMethod.Post, path, resource.IsSecret, body, "application/json"), resource.TypeInfo, cancellationToken);
    }

    /// <inheritdoc/>
    public Task<T> PatchAsync<T>(ResourceDefinition<T> resource, ObjectKey key, Patch patch, string? subresource, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var query = new Query(resource.PathOf(key.Namespace, key.Name, subresource));
        query.Add("fieldManager", patch.FieldManager);
        query.Add("force", patch.Force ? "true" : null);
        query.Add("dryRun", patch.DryRun ? "All" : null);
        return ExecuteAsync(
            new Request(HttpMethod.Patch, query.ToString(), resource.IsSecret, patch.Body, patch.ContentType), resource.TypeInfo, cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<T?> DeleteAsync<T>(
        ResourceDefinition<T> resource, ObjectKey key, DeletionPropagation? propagation, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var query = new Query(resource.PathOf(key.Namespace, key.Name));
        query.Add("propagationPolicy", propagation?.ToString());
        var request = new Request(HttpMethod.Delete, query.ToString(), resource.IsSecret);
        try
        {
            var answer = await ExecuteAsync(request, static (content, cancellation) => content.ReadAsByteArrayAsync(cancellation), cancellationToken);
            return RawJson.Text(RawJson.Find(answer, "\"kind\""u8)) == "Status" ? null : JsonSerializer.Deserialize(answer, resource.TypeInfo);
        }
        catch (ApiException exception) when (exception.IsNotFound)
        {
            return null;
        }
    }

    private static SocketsHttpHandler CreateHandler(ApiClientConfiguration configuration) => new()
    {
        SslOptions = new TlsPolicy(configuration).CreateOptions(),
        EnableMultipleHttp2Connections = true,

        // A connection that died without a word is noticed within 8 seconds, before a leader has to give up.
        KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
        KeepAlivePingDelay = TimeSpan.FromSeconds(5),
        KeepAlivePingTimeout = TimeSpan.FromSeconds(3),
        ConnectTimeout = TimeSpan.FromSeconds(15),
        PooledConnectionIdleTimeout = TimeSpan.FromMinutes(2),

        // A new connection reads the client certificate and the authorities again.
        PooledConnectionLifetime = TimeSpan.FromMinutes(10),
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = configuration.Proxy is not null,
        Proxy = configuration.Proxy is { } proxy ? new WebProxy(proxy) : null,
    };

    /// <summary>The time limit is for the answer's headers; its body lasts as long as the watch.</summary>
    private async Task<HttpResponseMessage> BeginWatchAsync(Request request, WatchOptions options, CancellationToken cancellationToken)
    {
        try
        {
            return await WithinTimeLimitAsync(request, SendAsync, cancellationToken);
        }
        catch (ApiException exception) when (options.SendInitialEvents && exception.IsInvalid)
        {
            _initialEventsRefused = exception;
            throw;
        }
    }

    private Task<T> ExecuteAsync<T>(Request request, JsonTypeInfo<T> typeInfo, CancellationToken cancellationToken)
        where T : class =>
        ExecuteAsync(request, async (content, cancellation) =>
        {
            await using var stream = await content.ReadAsStreamAsync(cancellation);
            return await JsonSerializer.DeserializeAsync(stream, typeInfo, cancellation)
                ?? throw new JsonException("The answer is null instead of an object.");
        }, cancellationToken);

    /// <summary>Sends a request and reads the answer, both within the time limit.</summary>
    private Task<TResult> ExecuteAsync<TResult>(
        Request request, Func<HttpContent, CancellationToken, Task<TResult>> read, CancellationToken cancellationToken) =>
        WithinTimeLimitAsync(request, async (request, cancellation) =>
        {
            using var response = await SendAsync(request, cancellation);
            return await ReadBodyAsync(new ValueTask<TResult>(read(response.Content, cancellation)));
        }, cancellationToken);

    private Task<TResult> WithinTimeLimitAsync<TResult>(
        Request request, Func<Request, CancellationToken, Task<TResult>> execute, CancellationToken cancellationToken)
    {
        var limited = request with { StartedAt = _time.GetTimestamp(), Caller = cancellationToken };
        var message = $"{request.Method} {request.PathAndQuery}: no answer within {_configuration.RequestTimeout.TotalSeconds} s";
        return TimeLimit.RunAsync(_configuration.RequestTimeout, _time, message, cancellation => execute(limited, cancellation), cancellationToken);
    }

    /// <summary>A connection that breaks inside a body is the same to the caller as one that breaks before it.</summary>
    private static async ValueTask<TResult> ReadBodyAsync<TResult>(ValueTask<TResult> reading)
    {
        try
        {
            return await reading;
        }
        catch (IOException exception)
        {
            throw new HttpRequestException(HttpRequestError.ResponseEnded, "The connection broke while the answer was read.", exception);
        }
    }

    /// <summary>Sends until the answer is a success or an error that waiting does not cure.</summary>
    private async Task<HttpResponseMessage> SendAsync(Request request, CancellationToken cancellationToken)
    {
        var isRejected = false;
        for (var attempt = 0; ; attempt++)
        {
            var response = await SendOnceAsync(request, cancellationToken);
            if (response.IsSuccessStatusCode)
            {
                return response;
            }

            using (response)
            {
                if (response.StatusCode == HttpStatusCode.Unauthorized && _token.CanChange && !isRejected)
                {
                    isRejected = true;
                    _token.Expire();
                    continue;
                }

                // A wait that the time limit would break off says less than the answer does.
                var left = _configuration.RequestTimeout - _time.GetElapsedTime(request.StartedAt);
                if (RetryAfter(response) is not { } delay || delay >= left || attempt >= MaxRetries)
                {
                    throw await ErrorAsync(request, response, cancellationToken);
                }

                await Task.Delay(delay, _time, cancellationToken);
            }
        }
    }

    private async Task<HttpResponseMessage> SendOnceAsync(Request request, CancellationToken cancellationToken)
    {
        if (request.Method != HttpMethod.Get && MayWrite?.Invoke() == false && !request.PathAndQuery.Contains("/leases/", StringComparison.Ordinal))
        {
            throw new HttpRequestException($"{request.Method} {request.PathAndQuery}: not sent, because another process may lead by now");
        }

        using var message = new HttpRequestMessage(request.Method, new Uri(_server, request.PathAndQuery))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        };
        message.Headers.TryAddWithoutValidation("Accept", request.Accept);
        message.Headers.TryAddWithoutValidation("User-Agent", _configuration.UserAgent);
        message.Headers.Authorization = _token.Header();
        if (_configuration.TlsServerName is { } name)
        {
            // SocketsHttpHandler takes the name that it sends and checks in the handshake from here.
            message.Headers.Host = name;
        }

        if (request.ContentType is not null)
        {
            message.Content = new ReadOnlyMemoryContent(request.Body);
            message.Content.Headers.ContentType = new MediaTypeHeaderValue(request.ContentType);
        }

        try
        {
            var response = await _http.SendAsync(message, cancellationToken);
            Count(((int)response.StatusCode).ToString(CultureInfo.InvariantCulture), request.Method);
            return response;
        }
        catch when (!request.Caller.IsCancellationRequested)
        {
            Count("<error>", request.Method);
            throw;
        }
    }

    private void Count(string code, HttpMethod method)
    {
        if (_requestsTotal is not null)
        {
            _requests.GetOrAdd(
                (code, method.Method), static (key, client) => client._requestsTotal!.With(key.Code, key.Method, client._host), this).Increment();
        }
    }

    private static TimeSpan? RetryAfter(HttpResponseMessage response) =>
        response.StatusCode == HttpStatusCode.TooManyRequests || (int)response.StatusCode >= 500 ? response.Headers.RetryAfter?.Delta : null;

    private static async Task<ApiException> ErrorAsync(Request request, HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var status = await ReadStatusAsync(response.Content, cancellationToken);
        var retryAfter = response.Headers.RetryAfter?.Delta ?? status?.RetryAfter;

        // The server's message on a Secret can quote its data.
        var detail = !request.IsSecret && status?.Message is { Length: > 0 } message ? message : status?.Reason ?? response.StatusCode.ToString();
        return new ApiException(
            response.StatusCode, status?.Reason, $"{request.Method} {request.PathAndQuery}: {(int)response.StatusCode} {detail}", retryAfter);
    }

    /// <summary>Null if the body is no <c>Status</c>, for example the page of a load balancer.</summary>
    private static async Task<ServerStatus?> ReadStatusAsync(HttpContent content, CancellationToken cancellationToken)
    {
        try
        {
            await using var stream = await content.ReadAsStreamAsync(cancellationToken);
            return await JsonSerializer.DeserializeAsync(stream, KubernetesJsonContext.Default.ServerStatus, cancellationToken);
        }
        catch (Exception exception) when (exception is JsonException or IOException)
        {
            return null;
        }
    }

    private readonly record struct Request(
        HttpMethod Method, string PathAndQuery, bool IsSecret, ReadOnlyMemory<byte> Body = default, string? ContentType = null)
    {
        public string Accept { get; init; } = "application/json";

        /// <summary>When the first attempt was made.</summary>
        public long StartedAt { get; init; }

        /// <summary>Tells an attempt that the caller no longer wants from one that took too long.</summary>
        public CancellationToken Caller { get; init; }
    }
}
