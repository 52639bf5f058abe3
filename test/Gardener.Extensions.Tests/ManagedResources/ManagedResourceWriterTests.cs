// SPDX-License-Identifier: Apache-2.0

using System.Collections.Immutable;
using System.Net;
using System.Text;
using Gardener.Extensions.Api;
using Gardener.Extensions.ManagedResources;
using Kubernetes.Controllers.Client;
using Microsoft.Extensions.Time.Testing;

namespace Gardener.Extensions.Tests.ManagedResources;

public sealed class ManagedResourceWriterTests
{
    private static readonly ObjectKey Key = new("shoot--a--b", "mr");
    private static readonly string Foo = SecretName("foo");
    private static readonly string Bar = SecretName("bar");

    private readonly FakeTimeProvider _time = new();
    private readonly InMemoryApiServer _server;

    public ManagedResourceWriterTests() => _server = new(_time);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_secret_is_written_before_the_ManagedResource_that_refers_to_it()
    {
        var applied = await NewWriter().ApplyAsync(Content("foo"), Cancellation);

        Requests().Should().Equal($"create secrets shoot--a--b/{Foo}", "create managedresources shoot--a--b/mr");
        applied.Spec.SecretRefs.Should().ContainSingle().Which.Name.Should().Be(Foo);
        var secret = _server.Get(GardenerResources.Secrets, new(Key.Namespace, Foo))!;
        secret.Immutable.Should().BeTrue();
        secret.Type.Should().Be("Opaque");
        secret.Metadata.Labels.Should().BeEquivalentTo(new Dictionary<string, string> { [GardenerLabels.GarbageCollectable] = "true" });
        secret.Data.Should().ContainKey("config.yaml").WhoseValue.Should().Equal("foo"u8.ToArray());
    }

    [Fact]
    public async Task Equal_content_costs_no_request()
    {
        var writer = NewWriter();
        await writer.ApplyAsync(Content("foo"), Cancellation);
        _server.Forget();

        await writer.ApplyAsync(Content("foo"), Cancellation);

        _server.Requests.Should().BeEmpty();
    }

    [Fact]
    public async Task After_a_restart_equal_content_costs_no_request()
    {
        await NewWriter().ApplyAsync(Content("foo"), Cancellation);
        _server.Forget();

        await NewWriter().ApplyAsync(Content("foo"), Cancellation);

        _server.Requests.Should().BeEmpty();
    }

    [Fact]
    public async Task A_secret_that_the_resource_manager_misses_is_written_again()
    {
        var writer = NewWriter();
        await writer.ApplyAsync(Content("foo"), Cancellation);
        _server.Remove(GardenerResources.Secrets, new(Key.Namespace, Foo));
        ReportApplied(status: "False", reason: "CannotReadSecret");
        _server.Forget();

        await writer.ApplyAsync(Content("foo"), Cancellation);

        Requests().Should().Equal($"create secrets shoot--a--b/{Foo}");
    }

    [Fact]
    public async Task New_content_gets_a_new_secret_and_the_old_one_is_left_to_the_garbage_collector()
    {
        var writer = NewWriter();
        await writer.ApplyAsync(Content("foo"), Cancellation);
        _server.Change(GardenerResources.Secrets, new(Key.Namespace, Foo), """{"metadata":{"labels":null}}""");
        _server.Forget();

        var applied = await writer.ApplyAsync(Content("bar"), Cancellation);

        Requests().Should().Equal(
            $"create secrets shoot--a--b/{Bar}",
            $"patch secrets shoot--a--b/{Foo}",
            "patch managedresources shoot--a--b/mr");
        applied.Spec.SecretRefs.Should().ContainSingle().Which.Name.Should().Be(Bar);
        applied.Metadata.Annotations.Values.Should().Equal(Bar);
        _server.Get(GardenerResources.Secrets, new(Key.Namespace, Foo))!.Metadata.Labels
            .Should().ContainKey(GardenerLabels.GarbageCollectable, "releases before immutable secrets did not set it");
    }

    [Fact]
    public async Task A_superseded_secret_that_is_gone_already_is_no_error()
    {
        var writer = NewWriter();
        await writer.ApplyAsync(Content("foo"), Cancellation);
        _server.Remove(GardenerResources.Secrets, new(Key.Namespace, Foo));

        var applied = await writer.ApplyAsync(Content("bar"), Cancellation);

        applied.Spec.SecretRefs.Should().ContainSingle().Which.Name.Should().Be(Bar);
    }

    [Fact]
    public async Task Only_owned_fields_are_corrected()
    {
        await NewWriter().ApplyAsync(Content("foo"), Cancellation);
        _server.Change(GardenerResources.ManagedResources, Key, """
            {"metadata":{"finalizers":["gardener"],"labels":{"care":"x"},"annotations":{"note":"y"}},"spec":{"class":"seed","unknown":{"a":1}}}
            """);

        await NewWriter().ApplyAsync(Content("foo"), Cancellation);

        var json = _server.Json(GardenerResources.ManagedResources, Key)!;
        json["spec"]!["class"].Should().BeNull();
        json["spec"]!["unknown"].Should().NotBeNull("what this library has no type for is not lost");
        json["metadata"]!["labels"]!["care"].Should().NotBeNull();
        json["metadata"]!["annotations"]!["note"].Should().NotBeNull();
        json["metadata"]!["finalizers"]!.AsArray().Should().HaveCount(1);
    }

    [Fact]
    public async Task A_ManagedResource_that_the_cache_does_not_show_yet_is_corrected_not_created()
    {
        var lagging = _server.LaggingCache(GardenerResources.ManagedResources);
        await NewWriter().ApplyAsync(Content("foo"), Cancellation);
        _server.Forget();

        var applied = await new ManagedResourceWriter(_server, lagging, _time).ApplyAsync(Content("bar"), Cancellation);

        Requests().Should().Equal(
            $"create secrets shoot--a--b/{Bar}",
            "create managedresources shoot--a--b/mr",
            "get managedresources shoot--a--b/mr",
            $"patch secrets shoot--a--b/{Foo}",
            "patch managedresources shoot--a--b/mr");
        applied.Spec.SecretRefs.Should().ContainSingle().Which.Name.Should().Be(Bar);
    }

    [Fact]
    public async Task A_ManagedResource_that_the_cache_still_shows_but_is_gone_is_created()
    {
        await NewWriter().ApplyAsync(Content("foo"), Cancellation);
        var lagging = _server.LaggingCache(GardenerResources.ManagedResources);
        _server.Remove(GardenerResources.ManagedResources, Key);

        await new ManagedResourceWriter(_server, lagging, _time).ApplyAsync(Content("bar"), Cancellation);

        _server.Get(GardenerResources.ManagedResources, Key)!.Spec.SecretRefs.Should().ContainSingle().Which.Name.Should().Be(Bar);
    }

    [Fact]
    public async Task Own_writes_are_known_although_the_cache_lags()
    {
        var writer = new ManagedResourceWriter(_server, _server.LaggingCache(GardenerResources.ManagedResources), _time);
        await writer.ApplyAsync(Content("foo"), Cancellation);
        _server.Forget();

        await writer.ApplyAsync(Content("foo"), Cancellation);

        _server.Requests.Should().BeEmpty();
        writer.Find(Key)!.Spec.SecretRefs.Should().ContainSingle().Which.Name.Should().Be(Foo);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_ManagedResource_in_deletion_is_given_back_as_it_is(bool doesTheCacheLag)
    {
        var lagging = _server.LaggingCache(GardenerResources.ManagedResources);
        await NewWriter().ApplyAsync(Content("foo"), Cancellation);
        HoldByResourceManager();
        _server.Remove(GardenerResources.ManagedResources, Key);
        var before = _server.Json(GardenerResources.ManagedResources, Key)!.ToJsonString();

        var writer = doesTheCacheLag ? new ManagedResourceWriter(_server, lagging, _time) : NewWriter();
        var applied = await writer.ApplyAsync(Content("bar"), Cancellation);

        applied.Metadata.DeletionTimestamp.Should().NotBeNull("the caller waits until it is gone");
        _server.Json(GardenerResources.ManagedResources, Key)!.ToJsonString().Should().Be(before);
    }

    [Fact]
    public async Task The_ManagedResource_is_deleted_before_its_secrets()
    {
        var writer = NewWriter();
        await writer.ApplyAsync(Content("foo"), Cancellation);
        _server.Forget();

        var remaining = await writer.DeleteAsync(Key, keepObjects: false, Cancellation);

        remaining.Should().BeNull();
        Requests().Should().Equal(
            "delete managedresources shoot--a--b/mr",
            "delete secrets shoot--a--b/managedresource-mr",
            $"delete secrets shoot--a--b/{Foo}");
        writer.Find(Key).Should().BeNull();
    }

    [Fact]
    public async Task While_the_resource_manager_holds_it_nothing_is_sent_twice()
    {
        var writer = NewWriter();
        await writer.ApplyAsync(Content("foo"), Cancellation);
        HoldByResourceManager();

        var first = await writer.DeleteAsync(Key, keepObjects: false, Cancellation);
        first!.Metadata.DeletionTimestamp.Should().NotBeNull();
        _server.Get(GardenerResources.Secrets, new(Key.Namespace, Foo)).Should().BeNull();
        _server.Forget();

        (await writer.DeleteAsync(Key, keepObjects: false, Cancellation)).Should().NotBeNull();
        _server.Requests.Should().BeEmpty();

        ReleaseByResourceManager();
        (await writer.DeleteAsync(Key, keepObjects: false, Cancellation)).Should().BeNull();
        Requests().Should().Equal(["delete managedresources shoot--a--b/mr"], "the server has the last word");
    }

    [Fact]
    public async Task What_the_cache_shows_to_be_going_for_half_a_minute_is_asked_for()
    {
        await NewWriter().ApplyAsync(Content("foo"), Cancellation);
        HoldByResourceManager();
        _server.Remove(GardenerResources.ManagedResources, Key);
        var writer = new ManagedResourceWriter(_server, _server.LaggingCache(GardenerResources.ManagedResources), _time);
        ReleaseByResourceManager();
        _server.Forget();

        (await writer.DeleteAsync(Key, keepObjects: false, Cancellation)).Should().NotBeNull();
        _server.Requests.Should().BeEmpty();
        _time.Advance(TimeSpan.FromSeconds(30));

        (await writer.DeleteAsync(Key, keepObjects: false, Cancellation)).Should().BeNull();
        Requests().Should().Equal("get managedresources shoot--a--b/mr", "delete managedresources shoot--a--b/mr");
        (await writer.ApplyAsync(Content("foo"), Cancellation)).Metadata.DeletionTimestamp.Should().BeNull();
    }

    [Fact]
    public async Task A_cache_that_never_held_what_is_being_deleted_is_no_proof_that_it_is_gone()
    {
        var lagging = _server.LaggingCache(GardenerResources.ManagedResources);
        await NewWriter().ApplyAsync(Content("foo"), Cancellation);
        HoldByResourceManager();
        var writer = new ManagedResourceWriter(_server, lagging, _time);
        await writer.DeleteAsync(Key, keepObjects: false, Cancellation);

        (await writer.DeleteAsync(Key, keepObjects: false, Cancellation)).Should().NotBeNull();

        ReleaseByResourceManager();
        _server.Forget();
        (await writer.DeleteAsync(Key, keepObjects: false, Cancellation)).Should().BeNull();
        _server.Get(GardenerResources.ManagedResources, Key).Should().BeNull();
    }

    [Fact]
    public async Task An_earlier_deletion_says_nothing_of_what_was_made_anew()
    {
        var writer = NewWriter();
        await writer.ApplyAsync(Content("foo"), Cancellation);
        HoldByResourceManager();
        await writer.DeleteAsync(Key, keepObjects: false, Cancellation);
        ReleaseByResourceManager();

        await writer.ApplyAsync(Content("foo"), Cancellation);

        await writer.DeleteAsync(Key, keepObjects: false, Cancellation);
        _server.Get(GardenerResources.ManagedResources, Key).Should().BeNull();
        _server.All(GardenerResources.Secrets).Should().BeEmpty();
    }

    [Fact]
    public async Task What_was_gone_and_is_made_anew_is_deleted_again()
    {
        var writer = NewWriter();
        await writer.ApplyAsync(Content("foo"), Cancellation);
        await writer.DeleteAsync(Key, keepObjects: false, Cancellation);
        await writer.ApplyAsync(Content("foo"), Cancellation);

        await writer.DeleteAsync(Key, keepObjects: false, Cancellation);

        _server.Get(GardenerResources.ManagedResources, Key).Should().BeNull();
        _server.All(GardenerResources.Secrets).Should().BeEmpty();
    }

    [Fact]
    public async Task A_deletion_that_another_process_sent_is_not_sent_again()
    {
        await NewWriter().ApplyAsync(Content("foo"), Cancellation);
        HoldByResourceManager();
        await NewWriter().DeleteAsync(Key, keepObjects: false, Cancellation);
        _server.Forget();

        (await NewWriter().DeleteAsync(Key, keepObjects: false, Cancellation)).Should().NotBeNull();

        _server.Requests.Should().BeEmpty();
    }

    [Fact]
    public async Task A_deletion_is_sent_even_if_the_cache_knows_of_nothing()
    {
        var lagging = _server.LaggingCache(GardenerResources.ManagedResources);
        await NewWriter().ApplyAsync(Content("foo"), Cancellation);

        await new ManagedResourceWriter(_server, lagging, _time).DeleteAsync(Key, keepObjects: false, Cancellation);

        _server.Get(GardenerResources.ManagedResources, Key).Should().BeNull();
    }

    [Fact]
    public async Task Deleting_what_does_not_exist_is_done()
    {
        (await NewWriter().DeleteAsync(Key, keepObjects: false, Cancellation)).Should().BeNull();
        (await NewWriter().DeleteAsync(Key, keepObjects: true, Cancellation)).Should().BeNull();
    }

    [Fact]
    public async Task Objects_are_kept_before_the_ManagedResource_is_deleted()
    {
        var writer = NewWriter();
        await writer.ApplyAsync(Content("foo"), Cancellation);
        HoldByResourceManager();
        _server.Forget();

        var remaining = await writer.DeleteAsync(Key, keepObjects: true, Cancellation);

        remaining!.Spec.KeepObjects.Should().BeTrue();
        Requests().Take(2).Should().Equal("patch managedresources shoot--a--b/mr", "delete managedresources shoot--a--b/mr");
        _server.Forget();
        await writer.DeleteAsync(Key, keepObjects: true, Cancellation);
        _server.Requests.Should().BeEmpty();
    }

    [Fact]
    public async Task A_deletion_under_way_still_learns_that_objects_are_kept()
    {
        var writer = NewWriter();
        await writer.ApplyAsync(Content("foo"), Cancellation);
        HoldByResourceManager();
        await writer.DeleteAsync(Key, keepObjects: false, Cancellation);

        await writer.DeleteAsync(Key, keepObjects: true, Cancellation);

        _server.Get(GardenerResources.ManagedResources, Key)!.Spec.KeepObjects.Should().BeTrue();
    }

    [Fact]
    public async Task Made_anew_after_a_deletion_it_gets_its_secret_again()
    {
        var writer = NewWriter();
        await writer.ApplyAsync(Content("foo"), Cancellation);
        await writer.DeleteAsync(Key, keepObjects: false, Cancellation);
        _server.All(GardenerResources.Secrets).Should().BeEmpty();

        await writer.ApplyAsync(Content("foo"), Cancellation);

        _server.Get(GardenerResources.Secrets, new(Key.Namespace, Foo)).Should().NotBeNull();
        _server.Get(GardenerResources.ManagedResources, Key)!.Spec.KeepObjects.Should().BeFalse();
    }

    [Fact]
    public async Task An_error_of_the_server_is_the_callers()
    {
        _server.Before = request =>
        {
            if (request.Resource == "managedresources")
            {
                throw new ApiException(HttpStatusCode.Forbidden, "Forbidden", "no");
            }
        };

        var apply = () => NewWriter().ApplyAsync(Content("foo"), Cancellation);

        await apply.Should().ThrowAsync<ApiException>().WithMessage("no");
    }

    private ManagedResourceWriter NewWriter() => new(_server, _server.LiveCache(GardenerResources.ManagedResources), _time);

    private IEnumerable<string> Requests() => _server.Requests.Select(request => request.ToString());

    private void ReportApplied(string status, string reason) =>
        _server.Change(GardenerResources.ManagedResources, Key, $$"""
            {"status":{"observedGeneration":1,"conditions":[{"type":"ResourcesApplied","status":"{{status}}","reason":"{{reason}}","message":"m"}] } }
            """, "status");

    private void HoldByResourceManager() => _server.Change(
        GardenerResources.ManagedResources, Key, """{"metadata":{"finalizers":["resources.gardener.cloud/gardener-resource-manager"]}}""");

    private void ReleaseByResourceManager() => _server.Change(GardenerResources.ManagedResources, Key, """{"metadata":{"finalizers":null}}""");

    private static string SecretName(string text) => ContentHash.UniqueName("managedresource-mr", Content(text).Data);

    private static ManagedResourceContent Content(string text) => new()
    {
        Key = Key,
        Origin = "extension-sample",
        Data = ImmutableSortedDictionary<string, ReadOnlyMemory<byte>>.Empty.Add("config.yaml", Encoding.UTF8.GetBytes(text)),
    };
}
