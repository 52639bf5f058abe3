// SPDX-License-Identifier: Apache-2.0

using System.Net;
using System.Text.Json.Nodes;
using Hosting.Metrics;
using Kubernetes.Controllers.Client;
using Kubernetes.Controllers.LeaderElection;
using Kubernetes.Controllers.Tests.Testing;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using k8s.Models;
using static Kubernetes.Controllers.Tests.Testing.FakeApiServer;

namespace Kubernetes.Controllers.Tests.Client;

public sealed class ApiClientTests : IAsyncLifetime
{
    private static readonly ObjectKey Key = new("default", "a");
    private static readonly ResourceDefinition<V1Secret> Secrets = new("", "v1", "secrets", "Secret", Namespaced: true, WidgetContext.Default.V1Secret);

    private FakeApiServer _server = null!;
    private ApiClient _client = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _server = await FakeApiServer.StartAsync();
        _client = _server.Client();
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task An_object_is_found_by_its_key()
    {
        _server.Otherwise(context => context.Response.WriteAsync(Widget.Create("a", 3).ToJson()));

        var widget = await _client.FindAsync(Widget.Resource, Key, Cancellation);

        widget!.Spec!.Size.Should().Be(3);
        _server.Requests.Should().Equal("GET /apis/example.test/v1/namespaces/default/widgets/a");
    }

    [Fact]
    public async Task An_object_that_does_not_exist_is_null() => (await _client.FindAsync(Widget.Resource, Key, Cancellation)).Should().BeNull();

    [Fact]
    public async Task A_creation_names_version_and_kind_and_returns_what_the_server_has()
    {
        JsonNode? sent = null;
        _server.Otherwise(async context =>
        {
            sent = await JsonNode.ParseAsync(context.Request.Body);
            await context.Response.WriteAsync(Widget.Create("a", 1, 77).ToJson());
        });

        var created = await _client.CreateAsync(Widget.Resource, Widget.Create("a"), Cancellation);

        created.Metadata.ResourceVersion.Should().Be("77");
        ((string?)sent!["apiVersion"]).Should().Be("example.test/v1");
        ((string?)sent["kind"]).Should().Be("Widget");
        _server.Requests.Should().Equal("POST /apis/example.test/v1/namespaces/default/widgets");
    }

    [Theory]
    [InlineData("AlreadyExists", true, false)]
    [InlineData("Conflict", false, true)]
    public async Task A_conflict_says_of_which_kind_it_is(string reason, bool alreadyExists, bool conflict)
    {
        _server.Otherwise(context => StatusAsync(context, 409, reason, "widgets a"));

        var thrown = await FluentActions.Awaiting(() => _client.CreateAsync(Widget.Resource, Widget.Create("a"), Cancellation))
            .Should().ThrowAsync<ApiException>();

        thrown.Which.IsAlreadyExists.Should().Be(alreadyExists);
        thrown.Which.IsConflict.Should().Be(conflict);
        thrown.Which.Message.Should().Contain("widgets a").And.Contain("409");
    }

    [Fact]
    public async Task What_the_server_says_about_a_Secret_reaches_no_message()
    {
        _server.Otherwise(context => StatusAsync(context, 422, "Invalid", "Invalid value: hunter2"));
        var secret = new V1Secret { Metadata = new V1ObjectMeta { NamespaceProperty = "default", Name = "a" } };

        var thrown = await FluentActions.Awaiting(() => _client.CreateAsync(Secrets, secret, Cancellation)).Should().ThrowAsync<ApiException>();

        thrown.Which.ToString().Should().NotContain("hunter2").And.Contain("422 Invalid");
    }

    [Fact]
    public async Task Patches_carry_their_media_type_manager_and_subresource()
    {
        var sent = new List<string>();
        _server.Otherwise(async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            sent.Add($"{context.Request.ContentType} {await reader.ReadToEndAsync()}");
            await context.Response.WriteAsync(Widget.Create("a").ToJson());
        });

        await _client.PatchAsync(Widget.Resource, Key, Patch.Merge(new JsonObject { ["spec"] = null }), "status", Cancellation);
        await _client.PatchAsync(Widget.Resource, Key, Patch.Apply(new JsonObject { ["kind"] = "Widget" }, "me"), null, Cancellation);
        await _client.PatchAsync(Widget.Resource, Key, Patch.Json([new JsonObject { ["op"] = "remove", ["path"] = "/spec" }]), null, Cancellation);

        const string Path = "PATCH /apis/example.test/v1/namespaces/default/widgets/a";
        _server.Requests.Should().Equal($"{Path}/status", $"{Path}?fieldManager=me&force=true", Path);
        sent.Should().Equal(
            """application/merge-patch+json {"spec":null}""",
            """application/apply-patch+yaml {"kind":"Widget"}""",
            """application/json-patch+json [{"op":"remove","path":"/spec"}]""");
    }

    [Fact]
    public async Task A_deletion_that_finalizers_hold_up_returns_the_object()
    {
        _server.Otherwise(context => context.Response.WriteAsync(Widget.Create("a").ToJson()));

        (await _client.DeleteAsync(Widget.Resource, Key, null, Cancellation)).Should().NotBeNull();
    }

    [Fact]
    public async Task A_deletion_that_is_complete_returns_null()
    {
        _server.Otherwise(context => StatusAsync(context, 200, "", "deleted"));
        (await _client.DeleteAsync(Widget.Resource, Key, null, Cancellation)).Should().BeNull();

        _server.Otherwise(context => StatusAsync(context, 404, "NotFound", "not found"));
        (await _client.DeleteAsync(Widget.Resource, Key, null, Cancellation)).Should().BeNull();
    }

    [Fact]
    public async Task A_deletion_says_what_happens_to_dependents()
    {
        _server.Otherwise(context => StatusAsync(context, 200, "", "deleted"));

        await _client.DeleteAsync(Widget.Resource, Key, DeletionPropagation.Foreground, Cancellation);

        _server.Requests.Should().Equal("DELETE /apis/example.test/v1/namespaces/default/widgets/a?propagationPolicy=Foreground");
    }

    [Fact]
    public async Task A_list_is_limited_to_a_namespace_and_by_a_selector()
    {
        _server.OnList(1);

        await _client.ReadPageAsync(Widget.Resource, "garden", new ListOptions { LabelSelector = "a=b,c" }, _ => { }, Cancellation);

        _server.Requests.Should().Equal(
            "GET /apis/example.test/v1/namespaces/garden/widgets?limit=500&labelSelector=a%3Db%2Cc");
    }

    [Fact]
    public async Task A_server_that_asks_for_patience_is_asked_again_after_that_time()
    {
        var time = new FakeTimeProvider();
        using var client = _server.Client(time: time);
        var attempts = 0;
        _server.Otherwise(context =>
        {
            if (++attempts < 3)
            {
                context.Response.Headers.RetryAfter = "7";
                return StatusAsync(context, 429, "TooManyRequests", "slow down");
            }

            return context.Response.WriteAsync(Widget.Create("a").ToJson());
        });

        var before = time.GetUtcNow();
        var finding = client.FindAsync(Widget.Resource, Key, Cancellation);
        await Eventually.HoldsAsync(() => finding.IsCompleted, "it is found", time, TimeSpan.FromMilliseconds(100));

        (await finding).Should().NotBeNull();
        (time.GetUtcNow() - before).Should().BeGreaterThanOrEqualTo(TimeSpan.FromSeconds(14));
        attempts.Should().Be(3);
    }

    [Fact]
    public async Task An_error_without_such_a_wish_is_not_repeated()
    {
        _server.Otherwise(context => StatusAsync(context, 500, "InternalError", "etcd"));

        (await FluentActions.Awaiting(() => _client.FindAsync(Widget.Resource, Key, Cancellation)).Should().ThrowAsync<ApiException>())
            .Which.StatusCode.Should().Be(HttpStatusCode.InternalServerError);
        _server.Requests.Should().HaveCount(1);
    }

    [Fact]
    public async Task An_answer_that_is_no_Status_is_an_error_all_the_same()
    {
        _server.Otherwise(context =>
        {
            context.Response.StatusCode = 502;
            return context.Response.WriteAsync("<html>bad gateway</html>");
        });

        (await FluentActions.Awaiting(() => _client.FindAsync(Widget.Resource, Key, Cancellation)).Should().ThrowAsync<ApiException>())
            .Which.Message.Should().Contain("502 BadGateway");
    }

    [Fact]
    public async Task A_server_that_does_not_answer_is_not_waited_for_endlessly()
    {
        var time = new FakeTimeProvider();
        using var client = _server.Client(time: time);
        _server.Otherwise(_server.StallAsync);

        var finding = client.FindAsync(Widget.Resource, Key, Cancellation);
        await Eventually.HoldsAsync(() => finding.IsCompleted, "it gives up", time, TimeSpan.FromSeconds(1));

        await FluentActions.Awaiting(() => finding).Should().ThrowAsync<TimeoutException>();
    }

    [Fact]
    public async Task A_wait_that_the_server_asks_for_beyond_the_time_limit_is_left_to_the_caller()
    {
        _server.Otherwise(context =>
        {
            context.Response.Headers.RetryAfter = "120";
            return StatusAsync(context, 429, "TooManyRequests", "slow down");
        });

        var thrown = await FluentActions.Awaiting(() => _client.FindAsync(Widget.Resource, Key, Cancellation)).Should().ThrowAsync<ApiException>();

        thrown.Which.StatusCode.Should().Be(HttpStatusCode.TooManyRequests);
        thrown.Which.RetryAfter.Should().Be(TimeSpan.FromSeconds(120));
        _server.Requests.Should().HaveCount(1);
    }

    [Theory]
    [InlineData("find")]
    [InlineData("list")]
    [InlineData("delete")]
    [InlineData("watch")]
    public async Task A_connection_that_breaks_inside_an_answer_is_the_same_error_as_one_before(string verb)
    {
        RequestDelegate breaks = async context =>
        {
            context.Response.ContentLength = 1000;
            await context.Response.WriteAsync("{\"items\":");
            await context.Response.Body.FlushAsync();
            context.Abort();
        };
        _server.Otherwise(breaks);
        _server.OnList(breaks);
        _server.OnWatch(breaks);
        var request = async () =>
        {
            switch (verb)
            {
                case "find":
                    await _client.FindAsync(Widget.Resource, Key, Cancellation);
                    break;
                case "list":
                    await _client.ReadPageAsync(Widget.Resource, null, new ListOptions(), _ => { }, Cancellation);
                    break;
                case "delete":
                    await _client.DeleteAsync(Widget.Resource, Key, null, Cancellation);
                    break;
                default:
                    var options = new WatchOptions { ResourceVersion = "1", Timeout = TimeSpan.FromMinutes(5) };
                    await _client.WatchAsync(Widget.Resource, null, options, Cancellation).CountAsync(Cancellation);
                    break;
            }
        };

        await request.Should().ThrowAsync<HttpRequestException>();
    }

    [Fact]
    public async Task A_request_that_gets_no_answer_in_time_is_counted()
    {
        var (time, metrics) = (new FakeTimeProvider(), new MetricRegistry());
        using var client = _server.Client(time: time, metrics: metrics);
        _server.Otherwise(_server.StallBeforeAnswerAsync);

        var finding = client.FindAsync(Widget.Resource, Key, Cancellation);
        await Eventually.HoldsAsync(() => finding.IsCompleted, "it gives up", time, TimeSpan.FromSeconds(1));

        await FluentActions.Awaiting(() => finding).Should().ThrowAsync<TimeoutException>();
        metrics.ToString().Should().Contain($"rest_client_requests_total{{code=\"<error>\",method=\"GET\",host=\"{_server.Url.Authority}\"}} 1\n");
    }

    [Fact]
    public async Task A_request_that_the_caller_gives_up_is_not_counted()
    {
        var metrics = new MetricRegistry();
        using var client = _server.Client(metrics: metrics);
        using var stop = new CancellationTokenSource();
        _server.Otherwise(_server.StallBeforeAnswerAsync);
        var finding = client.FindAsync(Widget.Resource, Key, stop.Token);
        await Eventually.HoldsAsync(() => !_server.Requests.IsEmpty, "the request has arrived");

        await stop.CancelAsync();

        await FluentActions.Awaiting(() => finding).Should().ThrowAsync<OperationCanceledException>();
        metrics.ToString().Should().NotContain("rest_client_requests_total{");
    }

    [Fact]
    public async Task A_watch_may_last_longer_than_any_request()
    {
        var time = new FakeTimeProvider();
        using var client = _server.Client(time: time);
        var anHourLater = new TaskCompletionSource();
        _server.OnWatch(async context =>
        {
            await context.Response.WriteAsync(Event("ADDED", Widget.Create("a", 1, 5)) + "\n");
            await context.Response.Body.FlushAsync();
            await anHourLater.Task;
            await context.Response.WriteAsync(Event("ADDED", Widget.Create("b", 1, 6)) + "\n");
        });
        var options = new WatchOptions { ResourceVersion = "1", Timeout = TimeSpan.FromSeconds(300) };

        var versions = new List<string?>();
        await foreach (var change in client.WatchAsync(Widget.Resource, null, options, Cancellation))
        {
            versions.Add(change.ResourceVersion);
            time.Advance(TimeSpan.FromHours(1));
            if (versions.Count == 2)
            {
                anHourLater.SetResult();
            }
        }

        versions.Should().Equal("1", "5", "6");
    }

    [Fact]
    public async Task A_token_file_is_read_again_after_a_minute_and_when_the_server_rejects_the_token()
    {
        var file = Path.GetTempFileName();
        try
        {
            var time = new FakeTimeProvider();
            var valid = "one";
            var sent = new List<string?>();
            _server.Otherwise(context =>
            {
                sent.Add(context.Request.Headers.Authorization);
                return context.Request.Headers.Authorization == $"Bearer {valid}"
                    ? context.Response.WriteAsync(Widget.Create("a").ToJson())
                    : StatusAsync(context, 401, "Unauthorized", "Unauthorized");
            });
            await File.WriteAllTextAsync(file, "one\n", Cancellation);
            using var client = _server.Client(configuration => configuration with { TokenFile = file }, time);

            await client.FindAsync(Widget.Resource, Key, Cancellation);
            await File.WriteAllTextAsync(file, "two\n", Cancellation);
            await client.FindAsync(Widget.Resource, Key, Cancellation);
            time.Advance(TimeSpan.FromMinutes(1));
            valid = "two";
            await client.FindAsync(Widget.Resource, Key, Cancellation);
            await File.WriteAllTextAsync(file, "three\n", Cancellation);
            valid = "three";
            await client.FindAsync(Widget.Resource, Key, Cancellation);

            sent.Should().Equal("Bearer one", "Bearer one", "Bearer two", "Bearer two", "Bearer three");

            valid = "none";
            (await FluentActions.Awaiting(() => client.FindAsync(Widget.Resource, Key, Cancellation)).Should().ThrowAsync<ApiException>())
                .Which.StatusCode.Should().Be(HttpStatusCode.Unauthorized);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task Requests_are_counted_by_code_method_and_host_also_those_without_an_answer()
    {
        var metrics = new MetricRegistry();
        using var client = new ApiClient(new ApiClientConfiguration { Server = _server.Url, UserAgent = "probe/1" }, TimeProvider.System, metrics);
        string? agent = null;
        _server.Otherwise(context =>
        {
            agent = context.Request.Headers.UserAgent;
            return StatusAsync(context, 404, "NotFound", "not found");
        });
        await client.FindAsync(Widget.Resource, Key, Cancellation);
        var host = _server.Url.Authority;
        await _server.DisposeAsync();
        await FluentActions.Awaiting(() => client.FindAsync(Widget.Resource, Key, Cancellation)).Should().ThrowAsync<HttpRequestException>();

        agent.Should().Be("probe/1");
        metrics.ToString().Should()
            .Contain($"rest_client_requests_total{{code=\"404\",method=\"GET\",host=\"{host}\"}} 1\n")
            .And.Contain($"rest_client_requests_total{{code=\"<error>\",method=\"GET\",host=\"{host}\"}} 1\n");
    }

    [Fact]
    public async Task A_path_in_the_servers_address_is_kept()
    {
        using var client = _server.Client(configuration => configuration with { Server = new Uri(_server.Url, "/clusters/one") });

        await client.FindAsync(Widget.Resource, Key, Cancellation);

        _server.Requests.Should().Equal("GET /clusters/one/apis/example.test/v1/namespaces/default/widgets/a");
    }

    [Fact]
    public async Task Nothing_but_Leases_is_written_while_another_process_may_lead()
    {
        _server.Otherwise(context => context.Response.WriteAsync(Widget.Create("a").ToJson()));
        _client.MayWrite = static () => false;
        var patch = Patch.Merge(new JsonObject());

        await FluentActions.Awaiting(() => _client.PatchAsync(Widget.Resource, Key, patch, null, Cancellation)).Should().ThrowAsync<HttpRequestException>();
        await FluentActions.Awaiting(() => _client.CreateAsync(Widget.Resource, Widget.Create("a"), Cancellation)).Should().ThrowAsync<HttpRequestException>();
        await FluentActions.Awaiting(() => _client.DeleteAsync(Widget.Resource, Key, null, Cancellation)).Should().ThrowAsync<HttpRequestException>();
        _server.Requests.Should().BeEmpty();

        await _client.FindAsync(Widget.Resource, Key, Cancellation);
        await _client.PatchAsync(Leases.Resource, Key, patch, null, Cancellation);
        _server.Requests.Should().HaveCount(2);
    }

    [Fact]
    public async Task A_connection_that_has_died_without_a_word_is_noticed_before_the_time_limit()
    {
        using var certificates = new TestCertificates();
        await using var server = await FakeApiServer.StartAsync(certificates.Server("127.0.0.1"));
        await using var link = new SilentLink(server.Url.Port);
        using var client = server.Client(configuration => configuration with
        {
            Server = new Uri($"https://127.0.0.1:{link.Port}"),
            CertificateAuthorityData = certificates.AuthorityPem,
            RequestTimeout = TimeSpan.FromSeconds(40),
        });
        await client.FindAsync(Widget.Resource, Key, Cancellation);

        link.FallSilent();

        // A ping goes out after 5 s and may take 3 s. Without pings it would be a TimeoutException.
        await FluentActions.Awaiting(() => client.FindAsync(Widget.Resource, Key, Cancellation)).Should().ThrowAsync<HttpRequestException>();
    }

    [Theory]
    [InlineData("", "a")]
    [InlineData("default", "")]
    public async Task An_incomplete_key_is_refused_before_it_becomes_a_request_for_something_else(string @namespace, string name)
    {
        await FluentActions.Awaiting(() => _client.DeleteAsync(Widget.Resource, new ObjectKey(@namespace, name), null, Cancellation))
            .Should().ThrowAsync<ArgumentException>();

        _server.Requests.Should().BeEmpty();
    }
}
