// SPDX-License-Identifier: Apache-2.0

using System.Collections.Immutable;
using Gardener.Extensions.Api;
using Gardener.Extensions.ManagedResources;
using Kubernetes.Controllers.Client;
using Microsoft.Extensions.Time.Testing;
using k8s.Models;

namespace Gardener.Extensions.Tests.ManagedResources;

public sealed class SecretWriterTests
{
    private static readonly ObjectKey Key = new("shoot--a--b", "managedresource-mr-50522102");

    private static readonly ImmutableSortedDictionary<string, ReadOnlyMemory<byte>> Data =
        ImmutableSortedDictionary<string, ReadOnlyMemory<byte>>.Empty.Add("config.yaml", "foo"u8.ToArray());

    private readonly InMemoryApiServer _server = new(new FakeTimeProvider());

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_equal_secret_is_left_alone()
    {
        await new SecretWriter(_server).WriteAsync(Key, Data, Cancellation);
        var before = _server.Get(GardenerResources.Secrets, Key)!;

        await new SecretWriter(_server).WriteAsync(Key, Data, Cancellation);

        _server.Get(GardenerResources.Secrets, Key)!.Metadata.ResourceVersion.Should().Be(before.Metadata.ResourceVersion);
    }

    [Theory]
    [InlineData("""{"data":{"config.yaml":"YmFy"},"type":"Opaque","immutable":true,"metadata":{"labels":{"resources.gardener.cloud/garbage-collectable-reference":"true"}}}""")]
    [InlineData("""{"data":{"config.yaml":"Zm9v","more":""},"type":"Opaque","immutable":true,"metadata":{"labels":{"resources.gardener.cloud/garbage-collectable-reference":"true"}}}""")]
    [InlineData("""{"data":{"other.yaml":"Zm9v"},"type":"Opaque","immutable":true,"metadata":{"labels":{"resources.gardener.cloud/garbage-collectable-reference":"true"}}}""")]
    [InlineData("""{"type":"Opaque","immutable":true,"metadata":{"labels":{"resources.gardener.cloud/garbage-collectable-reference":"true"}}}""")]
    [InlineData("""{"data":{"config.yaml":"Zm9v"},"type":"other","immutable":true,"metadata":{"labels":{"resources.gardener.cloud/garbage-collectable-reference":"true"}}}""")]
    [InlineData("""{"data":{"config.yaml":"Zm9v"},"type":"Opaque","metadata":{"labels":{"resources.gardener.cloud/garbage-collectable-reference":"true"}}}""")]
    [InlineData("""{"data":{"config.yaml":"Zm9v"},"type":"Opaque","immutable":true,"metadata":{"labels":{"resources.gardener.cloud/garbage-collectable-reference":"false"}}}""")]
    [InlineData("""{"data":{"config.yaml":"Zm9v"},"type":"Opaque","immutable":true}""")]
    public async Task Another_secret_under_the_name_is_replaced(string json)
    {
        _server.Add(GardenerResources.Secrets, MergePatch.Apply(
            System.Text.Json.Nodes.JsonNode.Parse(json),
            System.Text.Json.Nodes.JsonNode.Parse($$$"""{"metadata":{"namespace":"{{{Key.Namespace}}}","name":"{{{Key.Name}}}"} }"""))!.ToJsonString());

        await new SecretWriter(_server).WriteAsync(Key, Data, Cancellation);

        var secret = _server.Get(GardenerResources.Secrets, Key)!;
        secret.Should().BeEquivalentTo(new { Type = "Opaque", Immutable = true });
        secret.Data.Should().ContainSingle().Which.Value.Should().Equal("foo"u8.ToArray());
        secret.Metadata.Labels.Should().Equal(new Dictionary<string, string> { [GardenerLabels.GarbageCollectable] = "true" });
    }

    [Fact]
    public async Task A_secret_that_vanishes_while_it_is_looked_at_is_made_anew()
    {
        await new SecretWriter(_server).WriteAsync(Key, Data, Cancellation);
        _server.Before = request =>
        {
            if (request.Verb == "get")
            {
                _server.Remove(GardenerResources.Secrets, Key);
            }
        };

        await new SecretWriter(_server).WriteAsync(Key, Data, Cancellation);

        _server.Get(GardenerResources.Secrets, Key).Should().NotBeNull();
    }

    [Fact]
    public async Task Releasing_sets_the_label_and_nothing_else()
    {
        _server.Add(GardenerResources.Secrets, """{"metadata":{"namespace":"shoot--a--b","name":"old","labels":{"x":"y"}},"data":{"a":"Zm9v"}}""");

        await new SecretWriter(_server).ReleaseAsync(new ObjectKey("shoot--a--b", "old"), Cancellation);

        V1Secret secret = _server.Get(GardenerResources.Secrets, new("shoot--a--b", "old"))!;
        secret.Metadata.Labels.Should().BeEquivalentTo(new Dictionary<string, string> { ["x"] = "y", [GardenerLabels.GarbageCollectable] = "true" });
        secret.Data.Should().ContainKey("a");
    }

    [Fact]
    public async Task Releasing_what_is_gone_is_no_error() =>
        await new SecretWriter(_server).ReleaseAsync(new ObjectKey("shoot--a--b", "old"), Cancellation);
}
