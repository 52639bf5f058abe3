// SPDX-License-Identifier: Apache-2.0

using System.Collections.Concurrent;
using System.Globalization;
using Hosting.Metrics;
using Kubernetes.Controllers.Caching;
using Kubernetes.Controllers.Client;
using Kubernetes.Controllers.Tests.Testing;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using static Kubernetes.Controllers.Tests.Testing.FakeApiServer;

namespace Kubernetes.Controllers.Tests.Caching;

/// <summary>An informer against a server that misbehaves in every way that API servers and the network do.</summary>
public sealed class InformerTests : IAsyncLifetime
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(100);

    private readonly FakeTimeProvider _time = new();
    private readonly MetricRegistry _metrics = new();
    private readonly ConcurrentQueue<string> _events = new();
    private readonly CancellationTokenSource _stop = new();
    private FakeApiServer _server = null!;
    private ApiClient _client = null!;
    private Informer<Widget> _informer = null!;
    private Task _running = Task.CompletedTask;

    public async ValueTask InitializeAsync()
    {
        _server = await FakeApiServer.StartAsync();
        _client = _server.Client();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _client.Dispose();
        await _server.DisposeAsync();
        _stop.Dispose();
    }

    [Fact]
    public async Task The_first_list_fills_the_store_and_is_marked_as_such()
    {
        _server.OnList(10, Widget.Create("a"), Widget.Create("b", @namespace: "other"));
        Start();

        await _informer.WaitForSyncAsync(TestContext.Current.CancellationToken);

        _events.Should().Equal("Added a 1 initial", "Added b 1 initial");
        _informer.Store.HasSynced.Should().BeTrue();
        _informer.Store.All.Should().HaveCount(2);
        _informer.Store.InNamespace("other").Should().ContainSingle().Which.Metadata.Name.Should().Be("b");
        _informer.Store.InNamespace("nowhere").Should().BeEmpty();
        _informer.Store.Find(new ObjectKey("default", "a")).Should().NotBeNull();
        _informer.Store.Find(new ObjectKey("default", "b")).Should().BeNull();
    }

    [Fact]
    public async Task A_list_is_read_page_by_page()
    {
        _server.OnList(context => ListAsync(context, 10, "page two", Widget.Create("a")));
        _server.OnList(context => ListAsync(context, 10, null, Widget.Create("b")));
        Start(new InformerOptions { PageSize = 1 });

        await _informer.WaitForSyncAsync(TestContext.Current.CancellationToken);

        _server.Requests.Take(2).Should().Equal(
            "GET /apis/example.test/v1/widgets?limit=1&resourceVersion=0", "GET /apis/example.test/v1/widgets?limit=1&continue=page%20two");
        _informer.Store.All.Should().HaveCount(2);
    }

    [Fact]
    public async Task A_watch_reports_what_happens()
    {
        _server.OnList(10, Widget.Create("a"));
        _server.OnWatchThenStall(
            Event("ADDED", Widget.Create("b", 1, 11)),
            Event("MODIFIED", Widget.Create("a", 2, 12)),
            Event("DELETED", Widget.Create("b", 1, 13)));
        Start();

        await EventsAsync("Added a 1 initial", "Added b 1", "Updated a 2", "Deleted b 1");

        _informer.Store.All.Should().ContainSingle().Which.Spec!.Size.Should().Be(2);
    }

    [Fact]
    public async Task A_watch_goes_on_from_the_last_event_or_bookmark_after_it_has_ended()
    {
        _server.OnList(10);
        _server.OnWatch(Event("ADDED", Widget.Create("a", 1, 11)));
        _server.OnWatch(Bookmark(40));
        Start();

        await HoldsAsync(() => _server.Watches == 3, "a third watch begins");

        WatchVersions().Should().Equal(10, 11, 40);
        _server.Lists.Should().Be(1);
    }

    [Fact]
    public async Task Watches_ask_for_bookmarks_and_for_a_spread_end()
    {
        _server.OnList(10);
        Start();
        await HoldsAsync(() => _server.Watches == 1, "the watch begins");

        var query = new Uri(_server.Url, _server.Requests.Last().Split(' ')[1]).Query;

        query.Should().Contain("allowWatchBookmarks=true");
        var seconds = int.Parse(query.Split("timeoutSeconds=")[1].Split('&')[0], CultureInfo.InvariantCulture);
        seconds.Should().BeInRange(300, 599);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_expired_version_is_cured_by_a_list_whose_differences_are_reported(bool asStatus)
    {
        _server.OnList(10, Widget.Create("kept"), Widget.Create("changed"), Widget.Create("gone"), Widget.Create("replaced"));
        if (asStatus)
        {
            _server.OnWatch(context => StatusAsync(context, 410, "Expired", "too old resource version"));
        }
        else
        {
            _server.OnWatch(Error(410, "Expired"));
        }

        _server.OnList(50, Widget.Create("kept"), Widget.Create("changed", 2, 45), Widget.Create("new", 1, 46), Widget.Create("replaced", 3, 47, uid: "other"));
        Start();

        await EventsAsync(
            "Added kept 1 initial", "Added changed 1 initial", "Added gone 1 initial", "Added replaced 1 initial",
            "Updated changed 2", "Added new 1", "Deleted replaced 1", "Added replaced 3", "Deleted gone 1");
        await HoldsAsync(() => _server.Watches == 2, "a watch begins at the new version");
        WatchVersions().Should().Equal(10, 50);
        _server.Requests.Where(request => !request.Contains("watch=true", StringComparison.Ordinal)).Should().Equal(
            ["GET /apis/example.test/v1/widgets?limit=500&resourceVersion=0", "GET /apis/example.test/v1/widgets?limit=0&resourceVersion=10"],
            "a list at a version, and in one piece, comes from the server's memory");
    }

    [Fact]
    public async Task A_version_that_the_server_does_not_have_yet_is_tried_again()
    {
        _server.OnList(10);
        _server.OnWatch(context => StatusAsync(context, 504, "Timeout", "Too large resource version: 10, current: 5"));
        Start();

        await HoldsAsync(() => _server.Watches == 2, "the watch is tried again");

        WatchVersions().Should().Equal(10, 10);
        _server.Lists.Should().Be(1);
    }

    [Fact]
    public async Task A_server_that_has_lost_its_history_is_listed_again_in_the_end()
    {
        _server.OnList(1000, Widget.Create("lost"));
        for (var i = 0; i < 5; i++)
        {
            _server.OnWatch(context => StatusAsync(context, 504, "Timeout", "Too large resource version: 1000, current: 5"));
        }

        _server.OnList(context => StatusAsync(context, 504, "Timeout", "Too large resource version: 1000, current: 5"));
        _server.OnList(5);
        Start();

        await EventsAsync("Added lost 1 initial", "Deleted lost 1");
        _server.Requests.Where(request => !request.Contains("watch=true", StringComparison.Ordinal)).Skip(1).Should().Equal(
            "GET /apis/example.test/v1/widgets?limit=0&resourceVersion=1000", "GET /apis/example.test/v1/widgets?limit=500");
        await HoldsAsync(() => WatchVersions() is [.., 5], "the watch follows the new history");
    }

    [Fact]
    public async Task A_stalled_watch_is_abandoned_and_taken_up_where_it_was()
    {
        _server.OnList(10);
        _server.OnWatchThenStall(Event("ADDED", Widget.Create("a", 1, 11)));
        _server.OnWatchThenStall(Event("ADDED", Widget.Create("b", 1, 12)));
        Start(new InformerOptions { ReadIdleTimeout = TimeSpan.FromMinutes(3) });

        await HoldsAsync(() => _events.Count == 1, "the first event comes");
        var before = _time.GetUtcNow();
        await HoldsAsync(() => _events.Count == 2, "the second watch delivers", TimeSpan.FromSeconds(1));

        (_time.GetUtcNow() - before).Should().BeGreaterThan(TimeSpan.FromMinutes(2.9));
        WatchVersions().Should().Equal(10, 11);
    }

    [Fact]
    public async Task An_object_that_does_not_fit_its_type_is_left_out_and_the_watch_goes_on()
    {
        const string Misfit = """{"type":"MODIFIED","object":{"metadata":{"namespace":"default","name":"a","resourceVersion":"11"},"spec":{"size":"large"}}}""";
        _server.OnList(10, Widget.Create("a"));
        _server.OnWatch(Misfit, Event("ADDED", Widget.Create("b", 1, 12)), Misfit.Replace("\"11\"", "\"13\"", StringComparison.Ordinal));
        Start();

        await HoldsAsync(() => _server.Watches == 2, "the next watch begins");

        _events.Should().Equal("Added a 1 initial", "Added b 1");
        WatchVersions().Should().Equal(10, 13);
        _metrics.ToString().Should().Contain("informer_undecodable_objects_total{resource=\"widgets.example.test\"} 2\n");
    }

    [Fact]
    public async Task A_deletion_deletes_also_when_the_last_state_cannot_be_decoded()
    {
        const string Broken = """{"type":"MODIFIED","object":{"metadata":{"namespace":"default","name":"a","resourceVersion":"11"},"spec":{"size":"large"}}}""";
        _server.OnList(10, Widget.Create("a"), Widget.Create("b"));
        _server.OnWatchThenStall(Broken, Broken.Replace("MODIFIED", "DELETED", StringComparison.Ordinal), Event("DELETED", Widget.Create("b", 1, 13)));
        Start();

        await EventsAsync("Added a 1 initial", "Added b 1 initial", "Deleted a 1", "Deleted b 1");

        _informer.Store.All.Should().BeEmpty();
    }

    [Fact]
    public async Task Each_version_that_cannot_be_decoded_is_told_once_with_key_and_reason()
    {
        const string Broken =
            """{"type":"MODIFIED","object":{"metadata":{"namespace":"default","name":"a","uid":"u","generation":3,"resourceVersion":"11"},"spec":{"size":"large"}}}""";
        var told = new ConcurrentQueue<UndecodableObject>();
        _server.OnList(10, Widget.Create("a"));
        _server.OnWatch(Broken, Broken, Broken.Replace("\"11\"", "\"12\"", StringComparison.Ordinal), Error(410, "Expired"));
        _server.OnList(context => context.Response.WriteAsync($$"""{"metadata":{"resourceVersion":"20"},"items":[{{Broken[Broken.IndexOf("{\"metadata", StringComparison.Ordinal)..^1].Replace("\"11\"", "\"12\"", StringComparison.Ordinal)}}]}"""));
        _informer = Create(new InformerOptions());
        _informer.AddUndecodableHandler(_ => throw new InvalidOperationException("faulty"));
        _informer.AddUndecodableHandler(told.Enqueue);
        Run();

        await HoldsAsync(() => _server.Watches == 2, "the watch goes on after the second list");

        const string Reason = "it does not fit its type at $.spec.size";
        told.Should().Equal(
            new UndecodableObject(new ObjectKey("default", "a"), "u", 3, "11", Reason), new UndecodableObject(new ObjectKey("default", "a"), "u", 3, "12", Reason));
        _metrics.ToString().Should().Contain("informer_undecodable_objects_total{resource=\"widgets.example.test\"} 2\n");
    }

    [Fact]
    public async Task A_misfit_in_a_list_is_left_out_and_not_taken_for_deleted()
    {
        _server.OnList(10, Widget.Create("a"));
        _server.OnWatch(Error(410, "Expired"));
        _server.OnList(context => context.Response.WriteAsync(
            $$"""
            {"metadata":{"resourceVersion":"20"},"items":[
              {"metadata":{"namespace":"default","name":"a","resourceVersion":"11"},"spec":{"size":"large" } },
              {{Widget.Create("b", 1, 12).ToJson()}}
            ]}
            """));
        Start();

        await EventsAsync("Added a 1 initial", "Added b 1");

        _informer.Store.Find(new ObjectKey("default", "a")).Should().NotBeNull();
    }

    [Fact]
    public async Task A_list_that_breaks_off_is_repeated()
    {
        _server.OnList(async context =>
        {
            context.Response.ContentLength = 1000;
            await context.Response.WriteAsync($$"""{"metadata":{"resourceVersion":"5"},"items":[{{Widget.Create("a").ToJson()}},""");
            await context.Response.Body.FlushAsync();
            context.Abort();
        });
        _server.OnList(10, Widget.Create("a"), Widget.Create("b"));
        Start();

        await EventsAsync("Added a 1 initial", "Added b 1 initial");
        await HoldsAsync(() => _informer.HasSynced, "the second list is complete");
        await HoldsAsync(() => _informer.Failure is null, "the watch stands");
    }

    [Fact]
    public async Task An_unreachable_server_is_asked_less_and_less_often_and_found_when_it_is_back()
    {
        var port = _server.Url.Port;
        await _server.DisposeAsync();
        Start();

        await HoldsAsync(() => _informer.Failure is not null, "the failure is visible");
        await HoldsAsync(() => Failures() >= 8, "it goes on trying", TimeSpan.FromSeconds(1));
        var (before, failures) = (_time.GetUtcNow(), Failures());
        await HoldsAsync(() => Failures() >= failures + 2, "it goes on trying", TimeSpan.FromSeconds(1));
        (_time.GetUtcNow() - before).Should().BeGreaterThan(TimeSpan.FromSeconds(25), "two pauses are close to 30 s each by now");

        _server = await FakeApiServer.StartAsync(port: port);
        _server.OnList(10, Widget.Create("a"));
        _server.OnWatchThenStall(Bookmark(11));
        await HoldsAsync(() => _informer.HasSynced && _informer.Failure is null, "it has recovered", TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task A_server_that_ends_every_watch_at_once_is_not_asked_in_a_hot_loop()
    {
        _server.OnList(10);
        for (var i = 0; i < 100; i++)
        {
            _server.OnWatch();
        }

        Start();
        await HoldsAsync(() => _server.Watches == 1, "the first watch");
        await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System, TestContext.Current.CancellationToken);

        _server.Watches.Should().Be(1, "without time passing there is no second attempt");
    }

    [Fact]
    public async Task Endless_expiry_is_not_a_hot_loop_either()
    {
        for (var i = 0; i < 100; i++)
        {
            _server.OnList(10);
            _server.OnWatch(Error(410, "Expired"));
        }

        Start();
        await HoldsAsync(() => _server.Watches == 2, "the first relist comes at once");
        await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System, TestContext.Current.CancellationToken);

        _server.Lists.Should().Be(2);
        _informer.Failure.Should().Contain("Expired", "whoever asks for readiness must see it");
        Failures().Should().Be(1);
    }

    [Fact]
    public async Task An_outage_leads_to_no_new_list()
    {
        _server.OnList(10, Widget.Create("a"));
        for (var i = 0; i < 12; i++)
        {
            _server.OnWatch(context =>
            {
                context.Abort();
                return Task.CompletedTask;
            });
        }

        _server.OnWatchThenStall(Event("ADDED", Widget.Create("b", 1, 11)));
        Start();

        await HoldsAsync(() => _events.Count == 2, "the server is back", TimeSpan.FromSeconds(1));

        _server.Lists.Should().Be(1);
        WatchVersions().Should().OnlyContain(version => version == 10).And.HaveCountGreaterThan(12);
    }

    [Fact]
    public async Task The_server_says_how_long_to_wait_after_a_failure()
    {
        _server.OnList(10);
        _server.OnWatch(context =>
        {
            context.Response.Headers.RetryAfter = "120";
            return StatusAsync(context, 429, "TooManyRequests", "slow down");
        });
        Start();
        await HoldsAsync(() => _informer.Failure is not null, "it is refused");
        var before = _time.GetUtcNow();

        await HoldsAsync(() => _server.Watches == 2, "it is tried again", TimeSpan.FromSeconds(1));

        (_time.GetUtcNow() - before).Should().BeGreaterThanOrEqualTo(TimeSpan.FromSeconds(119));
    }

    [Fact]
    public async Task One_watch_brings_what_there_is_and_what_happens_where_the_server_offers_it()
    {
        _server.OffersWatchList = true;
        _server.OnWatchThenStall(
            Event("ADDED", Widget.Create("b", 1, 9)), Event("ADDED", Widget.Create("a", 1, 3)), InitialEventsEnd(12), Event("MODIFIED", Widget.Create("a", 2, 13)));
        Start();

        await EventsAsync("Added b 1 initial", "Added a 1 initial", "Updated a 2");

        _informer.HasSynced.Should().BeTrue();
        _server.Lists.Should().Be(0);
        _server.Requests.Should().ContainSingle().Which.Should().Contain("sendInitialEvents=true").And.Contain("resourceVersionMatch=NotOlderThan");
    }

    [Fact]
    public async Task Objects_of_a_watch_that_breaks_before_all_are_there_are_no_whole_cache()
    {
        _server.OffersWatchList = true;
        _server.OnWatch(Event("ADDED", Widget.Create("a", 1, 7)));
        _server.OnWatchThenStall(Event("ADDED", Widget.Create("b", 1, 8)), InitialEventsEnd(12));
        Start();
        await HoldsAsync(() => _events.Count == 1, "the first object comes");
        _informer.HasSynced.Should().BeFalse();

        await EventsAsync("Added a 1 initial", "Added b 1 initial", "Deleted a 1");

        _server.Requests.Should().OnlyContain(request => request.Contains("sendInitialEvents=true", StringComparison.Ordinal));
        _server.Requests.Should().NotContain(request => request.Contains("resourceVersion=", StringComparison.Ordinal), "an object's version says nothing of others");
    }

    [Fact]
    public async Task After_an_expired_version_a_watch_brings_what_there_is_at_least_as_new_as_before()
    {
        _server.OffersWatchList = true;
        _server.OnWatch(Event("ADDED", Widget.Create("gone", 1, 7)), InitialEventsEnd(12));
        _server.OnWatch(Error(410, "Expired"));
        _server.OnWatchThenStall(Event("ADDED", Widget.Create("b", 1, 13)), InitialEventsEnd(20));
        Start();

        await EventsAsync("Added gone 1 initial", "Added b 1", "Deleted gone 1");

        _server.Requests.Last().Should().Contain("sendInitialEvents=true").And.Contain("resourceVersion=12");
    }

    [Fact]
    public async Task A_server_that_cannot_send_what_there_is_is_asked_for_it_once_by_a_process()
    {
        _server.OnList(10);
        Start();
        await _informer.WaitForSyncAsync(TestContext.Current.CancellationToken);
        _server.OnList(10);
        var second = Create(new InformerOptions());
        var running = Task.Run(() => second.RunAsync(_stop.Token), TestContext.Current.CancellationToken);

        await second.WaitForSyncAsync(TestContext.Current.CancellationToken);

        _server.RefusedWatchLists.Should().Be(1);
        _metrics.ToString().Should().Contain("informer_failures_total{resource=\"widgets.example.test\"} 0\n", "this is no failure");
        await _stop.CancelAsync();
        await running;
    }

    [Fact]
    public async Task Of_a_metadata_resource_the_server_is_asked_for_the_metadata_alone()
    {
        var accepted = new ConcurrentQueue<string?>();
        _server.OnList(async context =>
        {
            accepted.Enqueue(context.Request.Headers.Accept);
            await ListAsync(context, 10, null, Widget.Create("a"));
        });
        _server.OnWatch(async context =>
        {
            accepted.Enqueue(context.Request.Headers.Accept);
            await _server.StallAsync(context);
        });
        var resource = PartialObjectMetadata.Of(Widget.Resource);
        var informer = new Informer<PartialObjectMetadata>(
            _client, resource, new InformerOptions(), _time, NullLogger.Instance, _metrics);
        _running = Task.Run(() => informer.RunAsync(_stop.Token), TestContext.Current.CancellationToken);

        await HoldsAsync(() => accepted.Count == 2, "the watch has begun");

        accepted.Should().Equal(
            "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1", "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1");
        var value = informer.Store.All.Single();
        (value.Metadata.Name, value.ApiVersion, value.Kind).Should().Be(("a", "example.test/v1", "Widget"), "an event about it names what it is of");
    }

    [Fact]
    public async Task A_garbled_watch_is_started_again()
    {
        _server.OnList(10);
        _server.OnWatch("this is no event");
        _server.OnWatchThenStall(Event("ADDED", Widget.Create("a", 1, 11)));
        Start();

        await EventsAsync("Added a 1");
    }

    [Fact]
    public async Task Everything_is_reported_again_after_the_resync_period()
    {
        _server.OnList(10, Widget.Create("a"), Widget.Create("b"));
        Start(new InformerOptions { ResyncPeriod = TimeSpan.FromMinutes(10), ReadIdleTimeout = TimeSpan.FromDays(1) });
        await _informer.WaitForSyncAsync(TestContext.Current.CancellationToken);
        await HoldsAsync(() => _server.Watches == 1, "the watch has begun");
        var before = _time.GetUtcNow();

        await HoldsAsync(() => _events.Count == 4, "both are reported again", TimeSpan.FromSeconds(5));

        _events.Skip(2).Should().BeEquivalentTo("Updated a 1 resync", "Updated b 1 resync");
        (_time.GetUtcNow() - before).Should().BeCloseTo(TimeSpan.FromMinutes(10.5), TimeSpan.FromMinutes(0.7));
    }

    [Fact]
    public async Task A_handler_that_fails_keeps_neither_the_others_nor_the_cache_from_going_on()
    {
        _server.OnList(10, Widget.Create("a"));
        _informer = Create(new InformerOptions());
        _informer.AddHandler(_ => throw new InvalidOperationException("faulty"));
        _informer.AddHandler(Record);
        Run();

        await EventsAsync("Added a 1 initial");
    }

    private Informer<Widget> Create(InformerOptions options) => new(_client, Widget.Resource, options, _time, NullLogger.Instance, _metrics);

    private void Start(InformerOptions? options = null)
    {
        _informer = Create(options ?? new InformerOptions());
        _informer.AddHandler(Record);
        Run();
    }

    private void Run() => _running = Task.Run(() => _informer.RunAsync(_stop.Token));

    private void Record(InformerEvent<Widget> change) => _events.Enqueue(
        $"{change.Type} {change.Object.Metadata.Name} {change.Object.Spec!.Size}{(change.IsInInitialList ? " initial" : "")}{(change.IsResync ? " resync" : "")}");

    private async Task EventsAsync(params string[] expected)
    {
        await HoldsAsync(() => _events.Count >= expected.Length, $"{expected.Length} events come");
        _events.Should().Equal(expected);
    }

    private Task HoldsAsync(Func<bool> condition, string because, TimeSpan? step = null) => Eventually.HoldsAsync(condition, because, _time, step ?? Step);

    private List<int> WatchVersions() =>
        [.. _server.Requests.Where(request => request.Contains("watch=true", StringComparison.Ordinal))
            .Select(request => int.Parse(request.Split("resourceVersion=")[1].Split('&')[0], CultureInfo.InvariantCulture))];

    private long Failures() => _metrics.Counter("informer_failures_total", "", "resource").With("widgets.example.test").Value;
}
