// SPDX-License-Identifier: Apache-2.0

using System.Text.Json.Nodes;
using ControlPlane;
using RuntimeGVisor.NodeInstaller.CommandLine;
using RuntimeGVisor.NodeInstaller.Events;

namespace Integration.Tests;

/// <summary>What the node installer tells of its Node, as a real API server takes it from a pod that has a token.</summary>
public sealed class NodeEventTests(SharedSeed seed) : IAsyncLifetime
{
    private readonly string _serviceAccount = $"node-installer-{Guid.NewGuid():N}"[..24];
    private readonly string _node = $"node-{Guid.NewGuid():N}"[..12];
    private readonly DirectoryInfo _mounted = Directory.CreateTempSubdirectory("service-account-");
    private readonly StringWriter _log = new();

    public async ValueTask InitializeAsync()
    {
        await seed.Api.CreateAsync(
            ApiPaths.ServiceAccounts(LocalControlPlane.ExtensionNamespace), new JsonObject { ["metadata"] = new JsonObject { ["name"] = _serviceAccount } });
        var token = await seed.ControlPlane.CreateTokenAsync(_serviceAccount, TimeSpan.FromHours(1));
        await File.WriteAllTextAsync(Path.Join(_mounted.FullName, "token"), token);
        File.Copy(seed.ControlPlane.CertificateAuthorityFile, Path.Join(_mounted.FullName, "ca.crt"));
    }

    public ValueTask DisposeAsync()
    {
        _log.Dispose();
        _mounted.Delete(recursive: true);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task With_a_token_that_may_create_Events_its_Node_shows_them()
    {
        await AllowEventsAsync();

        await SendAsync((false, "GVisorReady", "gVisor is ready"), (true, "GVisorRepaired", "repaired: the handler was missing"));

        _log.ToString().Should().BeEmpty();
        var events = await EventsOfNodeAsync();
        events.Select(value => ((string?)value["type"], (string?)value["reason"], (string?)value["message"])).Should().BeEquivalentTo(
            [("Normal", "GVisorReady", "gVisor is ready"), ("Warning", "GVisorRepaired", "repaired: the handler was missing")]);
        foreach (var value in events)
        {
            ((string?)value["involvedObject"]!["kind"]).Should().Be("Node");
            ((string?)value["source"]!["component"]).Should().Be("gvisor-node-installer");
            ((string?)value["source"]!["host"]).Should().Be(_node);
            DateTimeOffset.Parse((string)value["lastTimestamp"]!, null).Should().BeCloseTo(TimeProvider.System.GetUtcNow(), TimeSpan.FromMinutes(1));
        }
    }

    [Fact]
    public async Task Without_the_right_it_says_so_in_its_log_and_goes_on()
    {
        await SendAsync((false, "GVisorReady", "gVisor is ready"));

        ((string?)JsonNode.Parse(_log.ToString())!["message"]).Should().Be("the Event GVisorReady was not sent: the API server answers 403");
        (await EventsOfNodeAsync()).Should().BeEmpty();
    }

    /// <summary>The rights that docs/operations/node-installer.md asks for.</summary>
    private async Task AllowEventsAsync()
    {
        await seed.Api.CreateAsync(ApiPaths.Roles("default"), new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = _serviceAccount },
            ["rules"] = new JsonArray(
                new JsonObject { ["apiGroups"] = new JsonArray(""), ["resources"] = new JsonArray("events"), ["verbs"] = new JsonArray("create") }),
        });
        await seed.Api.CreateAsync(ApiPaths.RoleBindings("default"), new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = _serviceAccount },
            ["roleRef"] = new JsonObject { ["apiGroup"] = "rbac.authorization.k8s.io", ["kind"] = "Role", ["name"] = _serviceAccount },
            ["subjects"] = new JsonArray(
                new JsonObject { ["kind"] = "ServiceAccount", ["namespace"] = LocalControlPlane.ExtensionNamespace, ["name"] = _serviceAccount }),
        });
    }

    private async Task SendAsync(params (bool IsWarning, string Reason, string Message)[] sent)
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["NODE_NAME"] = _node,
            ["KUBERNETES_SERVICE_HOST"] = seed.Api.Server.Host,
            ["KUBERNETES_SERVICE_PORT"] = $"{seed.Api.Server.Port}",
        };
        using var loggers = new LineLogger(_log, TimeProvider.System);
        await using var events = NodeEvents.FromPod(
            TimeProvider.System, loggers.CreateLogger("events"), _mounted.FullName, name => environment.GetValueOrDefault(name));
        foreach (var (isWarning, reason, message) in sent)
        {
            events.Send(isWarning, reason, message);
        }
    }

    private async Task<IReadOnlyList<JsonObject>> EventsOfNodeAsync() =>
        [.. (await seed.Api.ListAsync(ApiPaths.Events("default"))).Where(value => (string?)value["involvedObject"]!["name"] == _node)];
}
