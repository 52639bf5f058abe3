// SPDX-License-Identifier: Apache-2.0

using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using RuntimeGVisor.NodeInstaller.Events;

namespace RuntimeGVisor.NodeInstaller.Tests.Events;

public sealed class NodeEventsTests : IAsyncLifetime
{
    private static readonly DateTimeOffset Now = new(2026, 11, 25, 8, 0, 0, 123, TimeSpan.Zero);

    private readonly string _directory = Directory.CreateTempSubdirectory("service-account-").FullName;
    private readonly Dictionary<string, string> _environment = new(StringComparer.Ordinal);
    private readonly ListLogger _log = new();
    private LoopbackApiServer _server = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await LoopbackApiServer.StartAsync();
        await File.WriteAllTextAsync(Path.Join(_directory, "token"), "the-token\n");
        await File.WriteAllTextAsync(Path.Join(_directory, "ca.crt"), _server.CertificateAuthority);
        _environment["KUBERNETES_SERVICE_HOST"] = "127.0.0.1";
        _environment["KUBERNETES_SERVICE_PORT"] = $"{_server.Port}";
        _environment["NODE_NAME"] = "node-1";
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task An_Event_is_about_the_Node_and_is_sent_with_the_pods_token()
    {
        await using (var events = FromPod())
        {
            events.Send(isWarning: true, "GVisorRepaired", "repaired: the handler was missing");
        }

        var request = _server.Requests.Should().ContainSingle().Subject;
        (request.Method, request.Path, request.Authorization).Should().Be(("POST", "/api/v1/namespaces/default/events", "Bearer the-token"));
        var name = (string)request.Body["metadata"]!["name"]!;
        name.Should().MatchRegex(@"\Anode-1\.[0-9a-f]{16}\z");
        JsonNode.DeepEquals(request.Body, JsonNode.Parse(
            $$"""
            {
              "apiVersion": "v1",
              "kind": "Event",
              "metadata": { "name": "{{name}}", "namespace": "default" },
              "involvedObject": { "apiVersion": "v1", "kind": "Node", "name": "node-1", "uid": "node-1" },
              "reason": "GVisorRepaired",
              "message": "repaired: the handler was missing",
              "type": "Warning",
              "source": { "component": "gvisor-node-installer", "host": "node-1" },
              "firstTimestamp": "2026-11-25T08:00:00Z",
              "lastTimestamp": "2026-11-25T08:00:00Z",
              "count": 1
            }
            """)).Should().BeTrue(request.Body.ToJsonString());
        _log.Lines.Should().BeEmpty();
    }

    [Fact]
    public async Task Events_come_in_their_order_and_each_has_a_name_of_its_own()
    {
        await using (var events = FromPod())
        {
            events.Send(isWarning: true, "GVisorSandboxFailed", "a");
            events.Send(isWarning: true, "GVisorSandboxFailed", "b");
            events.Send(isWarning: false, "GVisorReady", "c");
        }

        _server.Requests.Select(request => (string)request.Body["message"]!).Should().Equal("a", "b", "c");
        _server.Requests.Select(request => (string)request.Body["metadata"]!["name"]!).Should().OnlyHaveUniqueItems();
        ((string)_server.Requests.Last().Body["type"]!).Should().Be("Normal");
    }

    [Fact]
    public async Task A_message_is_shortened_to_what_the_API_server_takes()
    {
        await using (var events = FromPod())
        {
            events.Send(isWarning: true, "GVisorSandboxFailed", new string('x', 5000));
        }

        ((string)_server.Requests.Single().Body["message"]!).Should().HaveLength(1000);
    }

    [Fact]
    public async Task A_renewed_token_is_used_at_once()
    {
        await using (var events = FromPod())
        {
            events.Send(isWarning: false, "GVisorReady", "a");
            await UntilAsync(() => !_server.Requests.IsEmpty);
            await File.WriteAllTextAsync(Path.Join(_directory, "token"), "the-next-token", TestContext.Current.CancellationToken);
            events.Send(isWarning: false, "GVisorReady", "b");
        }

        _server.Requests.Select(request => request.Authorization).Should().Equal("Bearer the-token", "Bearer the-next-token");
    }

    [Theory]
    [InlineData("token")]
    [InlineData("ca.crt")]
    [InlineData("NODE_NAME")]
    [InlineData("KUBERNETES_SERVICE_HOST")]
    [InlineData("KUBERNETES_SERVICE_PORT")]
    public async Task Nothing_is_sent_from_a_pod_that_lacks(string part)
    {
        File.Delete(Path.Join(_directory, part));
        _environment.Remove(part);

        await SendOneAsync();

        _server.Requests.Should().BeEmpty();
    }

    [Theory]
    [InlineData("KUBERNETES_SERVICE_PORT", "tcp://10.0.0.1:443")]
    [InlineData("KUBERNETES_SERVICE_PORT", "443443")]
    [InlineData("KUBERNETES_SERVICE_HOST", "a b")]
    [InlineData("ca.crt", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")]
    public async Task What_is_of_no_use_is_said_once_and_stops_nothing(string part, string value)
    {
        if (_environment.ContainsKey(part))
        {
            _environment[part] = value;
        }
        else
        {
            await File.WriteAllTextAsync(Path.Join(_directory, part), value, TestContext.Current.CancellationToken);
        }

        await SendOneAsync();

        _server.Requests.Should().BeEmpty();
        _log.Lines.Should().ContainSingle().Which.Should().StartWith("no Events will be sent: ");
    }

    [Fact]
    public async Task The_token_is_not_told_to_a_server_of_another_CA()
    {
        await using var other = await LoopbackApiServer.StartAsync();
        _environment["KUBERNETES_SERVICE_PORT"] = $"{other.Port}";

        await SendOneAsync();

        other.Requests.Should().BeEmpty();
        _log.Lines.Should().ContainSingle().Which.Should().StartWith("the Event GVisorReady was not sent: ");
    }

    [Theory]
    [InlineData(StatusCodes.Status403Forbidden)]
    [InlineData(StatusCodes.Status429TooManyRequests)]
    [InlineData(StatusCodes.Status500InternalServerError)]
    public async Task A_refusal_is_logged_and_the_next_Event_is_sent_nevertheless(int status)
    {
        _server.Answer = context =>
        {
            context.Response.StatusCode = status;
            return Task.CompletedTask;
        };

        await using (var events = FromPod())
        {
            events.Send(isWarning: false, "GVisorReady", "a");
            events.Send(isWarning: false, "GVisorReady", "b");
        }

        _server.Requests.Should().HaveCount(2);
        _log.Lines.Should().Equal(Enumerable.Repeat($"the Event GVisorReady was not sent: the API server answers {status}", 2));
    }

    [Fact]
    public async Task Nobody_waits_for_an_API_server_that_does_not_answer()
    {
        _server.Answer = context => Task.Delay(TimeSpan.FromMinutes(1), TimeProvider.System, context.RequestAborted);
        var started = Stopwatch.StartNew();

        var events = FromPod();
        for (var number = 0; number < 1000; number++)
        {
            events.Send(isWarning: true, "GVisorRepaired", $"{number}");
        }

        started.Elapsed.Should().BeLessThan(TimeSpan.FromSeconds(2), "it is only noted");
        await events.DisposeAsync();
        started.Elapsed.Should().BeLessThan(TimeSpan.FromSeconds(15), "what is left is given up");
        _log.Lines.Should().NotBeEmpty();
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        for (var limit = Stopwatch.StartNew(); !condition();)
        {
            limit.Elapsed.Should().BeLessThan(TimeSpan.FromSeconds(20));
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, TestContext.Current.CancellationToken);
        }
    }

    private async Task SendOneAsync()
    {
        await using var events = FromPod();
        events.Send(isWarning: false, "GVisorReady", "a");
    }

    private NodeEvents FromPod() =>
        NodeEvents.FromPod(new FakeTimeProvider(Now), _log, _directory, name => _environment.GetValueOrDefault(name));

    private sealed class ListLogger : ILogger
    {
        public ConcurrentQueue<string> Lines { get; } = new();

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Enqueue(formatter(state, exception));
    }
}
