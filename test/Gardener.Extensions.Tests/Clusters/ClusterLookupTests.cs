// SPDX-License-Identifier: Apache-2.0

using Gardener.Extensions.Api;
using Gardener.Extensions.Clusters;
using Gardener.Extensions.Tests.ApiServer;
using Kubernetes.Controllers.Client;
using Microsoft.Extensions.Time.Testing;

namespace Gardener.Extensions.Tests.Clusters;

public sealed class ClusterLookupTests
{
    private const string Namespace = "shoot--a--b";

    private readonly InMemoryApiServer _server = new(new FakeTimeProvider());

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_cached_Cluster_costs_no_request()
    {
        _server.Add(GardenerResources.Clusters, """{"metadata":{"name":"shoot--a--b"},"spec":{"shoot":{"metadata":{"name":"b"}}}}""");

        var cluster = await new ClusterLookup(_server.LiveCache(GardenerResources.Clusters), _server).FindAsync(Namespace, Cancellation);

        cluster!.Spec.Shoot!.Name.Should().Be("b");
        _server.Requests.Should().BeEmpty();
    }

    [Fact]
    public async Task One_that_the_cache_does_not_have_is_asked_for()
    {
        var lagging = _server.LaggingCache(GardenerResources.Clusters);
        _server.Add(GardenerResources.Clusters, """{"metadata":{"name":"shoot--a--b"},"spec":{"shoot":{}}}""");

        (await new ClusterLookup(lagging, _server).FindAsync(Namespace, Cancellation)).Should().NotBeNull();
        (await new ClusterLookup(lagging, _server).FindAsync("shoot--a--c", Cancellation)).Should().BeNull();
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
            _server.Remove(GardenerResources.Namespaces, new ObjectKey("", Namespace));
        }

        if (shoot is not null)
        {
            _server.Add(GardenerResources.Clusters, $$$"""{"metadata":{"name":"shoot--a--b"},"spec":{"shoot":{{{shoot}}} } }""");
        }

        var lookup = new ClusterLookup(_server.LiveCache(GardenerResources.Clusters), _server);
        var cluster = await lookup.FindAsync(Namespace, Cancellation);

        (await lookup.NeedsForceDeletionAsync(Namespace, cluster, Cancellation)).Should().Be(isForced);
    }
}
