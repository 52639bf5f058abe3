// SPDX-License-Identifier: Apache-2.0

using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Kubernetes.Controllers.Client;
using Kubernetes.Controllers.Events;
using Kubernetes.Controllers.Tests.Testing;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using k8s.Models;

namespace Kubernetes.Controllers.Tests.Events;

public sealed class EventRecorderTests : IAsyncLifetime
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 25, 10, 0, 0, TimeSpan.Zero));
    private readonly ConcurrentQueue<(string Method, string Path, JsonNode Body)> _requests = new();
    private readonly ConcurrentDictionary<string, JsonNode> _events = new();
    private readonly CancellationTokenSource _stop = new();
    private FakeApiServer _server = null!;
    private ApiClient _client = null!;
    private EventRecorder _recorder = null!;
    private Task _running = Task.CompletedTask;

    public async ValueTask InitializeAsync()
    {
        _server = await FakeApiServer.StartAsync();
        _server.Otherwise(AnswerAsync);
        _client = _server.Client();
        _recorder = new EventRecorder(_client, "widget-controller", _time, NullLogger.Instance);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _client.Dispose();
        await _server.DisposeAsync();
        _stop.Dispose();
    }

    [Fact]
    public async Task An_event_names_the_object_the_reason_and_who_reports()
    {
        Record("it is broken");
        await RunUntilAsync(requests: 1);

        _requests.TryPeek(out var request).Should().BeTrue();
        request.Method.Should().Be("POST");
        request.Path.Should().Be("/api/v1/namespaces/default/events");
        ((string?)request.Body["metadata"]!["name"]).Should().MatchRegex("^a\\.[0-9a-f]{16}$");
        JsonNode.DeepEquals(request.Body["involvedObject"], JsonNode.Parse(
            """{"apiVersion":"example.test/v1","kind":"Widget","name":"a","namespace":"default","resourceVersion":"1","uid":"uid-default-a"}""")).Should().BeTrue();
        ((string?)request.Body["type"]).Should().Be("Warning");
        ((string?)request.Body["reason"]).Should().Be("Broken");
        ((string?)request.Body["message"]).Should().Be("it is broken");
        ((string?)request.Body["source"]!["component"]).Should().Be("widget-controller");
        ((int?)request.Body["count"]).Should().Be(1);
        ((string?)request.Body["lastTimestamp"]).Should().StartWith("2026-11-25T10:00:00");
    }

    [Fact]
    public async Task The_same_is_said_once_an_hour()
    {
        Record("it is broken");
        Record("it is broken");
        _time.Advance(TimeSpan.FromMinutes(59));
        Record("it is broken");
        _time.Advance(TimeSpan.FromMinutes(2));
        Record("it is broken");

        // One event, then the second one: created in vain, then counted up.
        await RunUntilAsync(requests: 4);
        _requests.Select(request => request.Method).Should().Equal("POST", "POST", "PATCH", "PATCH");
        var only = _events.Should().ContainSingle().Which.Value;
        ((int?)only["count"]).Should().Be(2);
        ((string?)only["lastTimestamp"]).Should().StartWith("2026-11-25T11:01:00");
        ((string?)only["firstTimestamp"]).Should().StartWith("2026-11-25T10:00:00");
    }

    [Fact]
    public async Task An_event_is_told_again_after_another_one_and_for_each_reason_and_object()
    {
        Record("one");
        Record("two");
        Record("one");
        Record("one", reason: "Other");
        Record("one", name: "b");

        await RunUntilAsync(requests: 7);
        _events.Should().HaveCount(4);
    }

    [Fact]
    public async Task Another_process_counts_the_same_event_up()
    {
        Record("it is broken");
        await RunUntilAsync(requests: 1);

        var next = new EventRecorder(_client, "widget-controller", _time, NullLogger.Instance);
        next.Record(WidgetNamed("a"), EventType.Warning, "Broken", "it is broken");
        _ = next.RunAsync(_stop.Token);

        await Eventually.HoldsAsync(() => _requests.Count >= 4, "the event is counted up");
        ((int?)_events.Should().ContainSingle().Which.Value["count"]).Should().Be(2);
    }

    [Fact]
    public async Task A_server_that_refuses_stops_neither_the_caller_nor_what_comes_later()
    {
        _server.Otherwise(context => FakeApiServer.StatusAsync(context, 403, "Forbidden", "the namespace is going"));
        Record("one");
        Start();
        await Eventually.HoldsAsync(() => !_server.Requests.IsEmpty, "the first event is sent");

        _server.Otherwise(AnswerAsync);
        Record("two");

        await Eventually.HoldsAsync(() => _events.Count == 1, "the second event is written");
    }

    [Theory]
    [InlineData(500)]
    [InlineData(403)]
    public async Task An_event_that_could_not_be_written_is_written_when_it_is_recorded_again(int code)
    {
        _server.Otherwise(context => FakeApiServer.StatusAsync(context, code, "Refused", "no"));
        Record("it is broken");
        Start();
        await Eventually.HoldsAsync(() => !_server.Requests.IsEmpty, "the event is sent in vain");

        _server.Otherwise(AnswerAsync);
        await Eventually.HoldsAsync(
            () =>
            {
                Record("it is broken");
                return _events.Count == 1;
            },
            "the event is written");
    }

    [Fact]
    public async Task An_event_waits_for_a_server_that_cannot_be_reached()
    {
        var attempts = 0;
        _server.Otherwise(context =>
        {
            if (++attempts > 3)
            {
                return AnswerAsync(context);
            }

            context.Abort();
            return Task.CompletedTask;
        });
        Record("it is broken");
        Start();

        await Eventually.HoldsAsync(() => _events.Count == 1, "the event is written", _time, TimeSpan.FromMilliseconds(100));
    }

    [Fact]
    public async Task What_is_recorded_before_the_end_is_written_before_the_end()
    {
        Start();
        Record("one");
        Record("two");
        _recorder.Complete();

        await _running;

        _events.Should().HaveCount(2);
    }

    [Fact]
    public async Task A_message_that_changes_all_the_time_does_not_flood_the_server()
    {
        for (var i = 0; i < 100; i++)
        {
            Record($"message {i}");
        }

        Record("of another object", name: "b");
        _recorder.Complete();
        await _recorder.RunAsync(_stop.Token);

        _events.Should().HaveCount(EventRecorder.Burst + 1);
    }

    [Fact]
    public async Task An_event_of_an_object_without_a_namespace_is_written_to_the_namespace_default()
    {
        _recorder.Record(WidgetNamed("a") with { Metadata = new V1ObjectMeta { Name = "a", Uid = "u" } }, EventType.Normal, "Fine", "it is fine");
        await RunUntilAsync(requests: 1);

        _requests.Single().Path.Should().Be("/api/v1/namespaces/default/events");
        _requests.Single().Body["involvedObject"]!["namespace"].Should().BeNull();
    }

    [Fact]
    public async Task The_event_of_an_object_with_the_longest_name_has_a_name_that_the_server_takes()
    {
        Record("it is broken", name: new string('a', 235) + "." + new string('b', 17));
        await RunUntilAsync(requests: 1);

        _events.Keys.Single().Should().HaveLength(252).And.MatchRegex(@"^a{235}\.[0-9a-f]{16}$");
    }

    [Fact]
    public void More_than_can_wait_is_left_out_and_nobody_waits_for_it()
    {
        for (var i = 0; i < 5000; i++)
        {
            Record($"message {i}", name: $"a{i}");
        }

        _requests.Should().BeEmpty("nothing runs yet, and yet all calls have returned");
    }

    [Fact]
    public async Task A_long_message_is_cut()
    {
        Record(new string('x', 5000));
        await RunUntilAsync(requests: 1);

        ((string?)_events.Values.Single()["message"])!.Length.Should().Be(1024);
    }

    private void Record(string message, string reason = "Broken", string name = "a") =>
        _recorder.Record(WidgetNamed(name), EventType.Warning, reason, message);

    private static Widget WidgetNamed(string name) => Widget.Create(name) with { ApiVersion = "example.test/v1", Kind = "Widget" };

    private void Start() => _running = _recorder.RunAsync(_stop.Token);

    private async Task RunUntilAsync(int requests)
    {
        Start();
        await Eventually.HoldsAsync(() => _requests.Count >= requests, $"{requests} requests are made");
    }

    /// <summary>The API server's part: events by name, merge patches of their fields.</summary>
    private async Task AnswerAsync(HttpContext context)
    {
        var body = (await JsonNode.ParseAsync(context.Request.Body))!;
        var path = context.Request.Path.Value!;
        if (context.Request.Method == "POST")
        {
            var name = (string)body["metadata"]!["name"]!;
            if (!_events.TryAdd(name, body.DeepClone()))
            {
                _requests.Enqueue((context.Request.Method, path, body));
                await FakeApiServer.StatusAsync(context, 409, "AlreadyExists", name);
                return;
            }

            await context.Response.WriteAsync(body.ToJsonString());
        }
        else
        {
            var stored = _events[path.Split('/')[^1]];
            foreach (var (field, value) in body.AsObject())
            {
                stored[field] = value?.DeepClone();
            }

            await context.Response.WriteAsync(stored.ToJsonString());
        }

        _requests.Enqueue((context.Request.Method, path, body));
    }
}
