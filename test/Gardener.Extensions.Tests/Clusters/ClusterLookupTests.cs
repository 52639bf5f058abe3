// SPDX-License-Identifier: Apache-2.0

using Gardener.Extensions.Api;
using Gardener.Extensions.Clusters;
using Kubernetes.Controllers.Client;
using Microsoft.Extensions.Time.Testing;

namespace Gardener.Extensions.Tests.Clusters;

public sealed class ClusterLookupTests
{
    private const string Namespace = "shoot--a--b";

    private static readonly ObjectKey Key = new("", Namespace);

    private readonly FakeTimeProvider _time = new();
    private readonly InMemoryApiServer _server;

    public ClusterLookupTests() => _server = new(_time);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private int Reads => _server.Requests.Count(request => request is { Verb: "get", Resource: "clusters" });

    [Fact]
    public async Task One_read_of_a_Cluster_serves_all_pools_of_its_shoot()
    {
        AddCluster();
        AddPool("a");
        AddPool("b");
        var lookup = Lookup();

        (await FindAsync(lookup, "a"))!.Spec.Shoot!.Name.Should().Be("b");
        (await FindAsync(lookup, "b"))!.Spec.Shoot!.Name.Should().Be("b");

        Reads.Should().Be(1);
    }

    [Theory]
    [InlineData("""{"status":{"lastOperation":{"state":"Succeeded"}}}""", "status")]
    [InlineData("""{"metadata":{"finalizers":["f"]}}""", null)]
    [InlineData("""{"metadata":{"annotations":{"gardener.cloud/operation":null}}}""", null)]
    public async Task An_own_write_does_not_have_the_Cluster_read_again(string patch, string? subresource)
    {
        AddCluster();
        AddPool("a");
        var lookup = Lookup();
        await FindAsync(lookup, "a");

        Change("a", patch, subresource);
        await FindAsync(lookup, "a");

        Reads.Should().Be(1);
    }

    [Theory]
    [InlineData("""{"metadata":{"annotations":{"gardener.cloud/timestamp":"2026-05-04T11:00:00Z"}}}""")]
    [InlineData("""{"metadata":{"annotations":{"gardener.cloud/operation":"migrate"}}}""")]
    [InlineData("""{"spec":{"binaryPath":"/elsewhere"}}""")]
    public async Task What_gardenlet_wrote_before_it_asked_is_seen_although_the_watch_of_Clusters_lags(string request)
    {
        AddCluster();
        AddPool("a");
        var lookup = new ClusterLookup(
            _server.LiveCache(GardenerResources.ContainerRuntimes), _server.LaggingCache(GardenerResources.ClusterMetadata), _server, _time);
        await FindAsync(lookup, "a");

        ChangeCluster("""{"shoot":{"status":{"lastOperation":{"state":"Failed"}}}}""");
        Change("a", request);

        (await FindAsync(lookup, "a"))!.Spec.Shoot!.HasFailed.Should().BeTrue();
    }

    [Fact]
    public async Task The_end_of_a_Cluster_that_the_watch_never_shows_is_seen_after_five_minutes()
    {
        AddCluster();
        AddPool("a");
        var lookup = new ClusterLookup(
            _server.LiveCache(GardenerResources.ContainerRuntimes), _server.LaggingCache(GardenerResources.ClusterMetadata), _server, _time);
        await FindAsync(lookup, "a");
        _server.Remove(GardenerResources.Clusters, Key);

        (await FindAsync(lookup, "a")).Should().NotBeNull();
        _time.Advance(TimeSpan.FromMinutes(5));

        (await FindAsync(lookup, "a")).Should().BeNull();
    }

    [Fact]
    public async Task A_request_that_came_while_the_Cluster_was_read_has_it_read_again()
    {
        AddCluster();
        AddPool("a");
        AddPool("b");
        var lookup = new ClusterLookup(
            _server.LiveCache(GardenerResources.ContainerRuntimes), _server.LaggingCache(GardenerResources.ClusterMetadata), _server, _time);
        _server.Before = _ => _server.After = _ =>
        {
            _server.Before = _server.After = null;
            ChangeCluster("""{"shoot":{"status":{"lastOperation":{"state":"Failed"}}}}""");
            Change("b", """{"metadata":{"annotations":{"gardener.cloud/timestamp":"2026-05-04T11:00:00Z"}}}""");
        };

        (await FindAsync(lookup, "a"))!.Spec.Shoot!.HasFailed.Should().BeFalse();
        (await FindAsync(lookup, "b"))!.Spec.Shoot!.HasFailed.Should().BeTrue();
    }

    [Fact]
    public async Task A_changed_Cluster_is_read_again_without_a_request()
    {
        AddCluster();
        AddPool("a");
        var lookup = Lookup();
        await FindAsync(lookup, "a");

        ChangeCluster("""{"shoot":{"status":{"lastOperation":{"state":"Failed"}}}}""");

        (await FindAsync(lookup, "a"))!.Spec.Shoot!.HasFailed.Should().BeTrue();
        (await FindAsync(lookup, "a"))!.Spec.Shoot!.HasFailed.Should().BeTrue();
        Reads.Should().Be(2);
    }

    [Fact]
    public async Task A_Cluster_that_was_deleted_and_made_anew_is_read_again()
    {
        AddCluster();
        AddPool("a");
        var lookup = Lookup();
        await FindAsync(lookup, "a");

        _server.Remove(GardenerResources.Clusters, Key);
        (await FindAsync(lookup, "a")).Should().BeNull();
        AddCluster("c");

        (await FindAsync(lookup, "a"))!.Spec.Shoot!.Name.Should().Be("c");
    }

    [Fact]
    public async Task A_Cluster_that_the_cache_does_not_have_yet_is_asked_for()
    {
        var lagging = _server.LaggingCache(GardenerResources.ClusterMetadata);
        AddCluster();
        AddPool("a");
        var lookup = new ClusterLookup(_server.LiveCache(GardenerResources.ContainerRuntimes), lagging, _server, _time);

        (await FindAsync(lookup, "a")).Should().NotBeNull();
        _server.Remove(GardenerResources.Clusters, Key);
        (await FindAsync(lookup, "a")).Should().BeNull();
    }

    // shoot, namespace => forced
    [Theory]
    [InlineData("""{"metadata":{"annotations":{"confirmation.gardener.cloud/force-deletion":"true"}}}""", "exists", true)]
    [InlineData("""{"metadata":{"annotations":{"confirmation.gardener.cloud/force-deletion":"no"}}}""", "exists", false)]
    [InlineData("""{"metadata":{}}""", "is deleted", false)]
    [InlineData("null", "is deleted", false)]
    [InlineData(null, "exists", false)]
    [InlineData(null, "is deleted", true)]
    [InlineData(null, "is gone", false)]
    public async Task A_deletion_is_forced_by_the_owner_or_when_namespace_and_Cluster_go(string? shoot, string @namespace, bool isForced)
    {
        if (@namespace != "is gone")
        {
            _server.Add(GardenerResources.Namespaces, """{"metadata":{"name":"shoot--a--b","finalizers":["kubernetes"]}}""");
        }

        if (@namespace == "is deleted")
        {
            _server.Remove(GardenerResources.Namespaces, Key);
        }

        if (shoot is not null)
        {
            _server.Add(GardenerResources.Clusters, $$$"""{"metadata":{"name":"shoot--a--b"},"spec":{"shoot":{{{shoot}}} } }""");
        }

        AddPool("a");
        var lookup = Lookup();
        var cluster = await FindAsync(lookup, "a");

        (await lookup.NeedsForceDeletionAsync(Namespace, cluster, Cancellation)).Should().Be(isForced);
    }

    private ClusterLookup Lookup() =>
        new(_server.LiveCache(GardenerResources.ContainerRuntimes), _server.LiveCache(GardenerResources.ClusterMetadata), _server, _time);

    private Task<Cluster?> FindAsync(ClusterLookup lookup, string pool) =>
        lookup.FindAsync(_server.Get(GardenerResources.ContainerRuntimes, new ObjectKey(Namespace, pool))!, Cancellation);

    private void AddCluster(string shoot = "b") =>
        _server.Add(GardenerResources.Clusters, $$$"""{"metadata":{"name":"shoot--a--b"},"spec":{"shoot":{"metadata":{"name":"{{{shoot}}}"} } } }""");

    private void ChangeCluster(string spec) => _server.Change(GardenerResources.Clusters, Key, $$$"""{"spec":{{{spec}}} }""");

    private void AddPool(string name) => _server.Add(GardenerResources.ContainerRuntimes, $$$"""
        {
          "metadata": {
            "namespace": "shoot--a--b", "name": "{{{name}}}",
            "annotations": { "gardener.cloud/operation": "reconcile", "gardener.cloud/timestamp": "2026-05-04T10:00:00Z" }
          },
          "spec": { "type": "gvisor" }
        }
        """);

    private void Change(string pool, string patch, string? subresource = null) =>
        _server.Change(GardenerResources.ContainerRuntimes, new ObjectKey(Namespace, pool), patch, subresource);
}
