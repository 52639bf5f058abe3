// SPDX-License-Identifier: Apache-2.0

using Kubernetes.Controllers.Caching;
using Kubernetes.Controllers.Client;
using Microsoft.Extensions.Time.Testing;
using k8s.Models;

namespace Kubernetes.Controllers.Tests.Caching;

public sealed class ReadYourWritesStoreTests
{
    private static readonly ObjectKey Key = new("ns", "a");

    private readonly FakeTimeProvider _time = new();
    private readonly Cache _cache = new();
    private readonly ReadYourWritesStore<V1ConfigMap> _store;

    public ReadYourWritesStoreTests() => _store = new(_cache, _time);

    [Fact]
    public void Without_own_writes_the_cache_answers()
    {
        _store.Find(Key).Should().BeNull();

        _cache.Value = ConfigMap(version: "5");

        _store.Find(Key).Should().BeSameAs(_cache.Value);
    }

    [Theory]
    [InlineData("9", true)]
    [InlineData("10", false)]
    [InlineData("11", false)]
    [InlineData("100", false)]
    public void An_own_write_is_seen_until_the_cache_has_it_or_something_newer(string cachedVersion, bool isOwnSeen)
    {
        var own = ConfigMap(version: "10");
        _store.RecordWrite(own);

        _cache.Value = ConfigMap(version: cachedVersion);

        _store.Find(Key).Should().BeSameAs(isOwnSeen ? own : _cache.Value);
    }

    [Fact]
    public void A_creation_is_seen_before_the_cache_has_it()
    {
        var own = ConfigMap(version: "10");
        _store.RecordWrite(own);

        _store.Find(Key).Should().BeSameAs(own);
    }

    [Fact]
    public void Once_the_cache_has_caught_up_an_own_write_does_not_come_back()
    {
        _store.RecordWrite(ConfigMap(version: "10"));
        _cache.Value = ConfigMap(version: "11");
        _store.Find(Key);

        _cache.Value = null;

        _store.Find(Key).Should().BeNull("somebody else deleted it");
    }

    [Fact]
    public void A_deletion_is_seen_before_the_cache_has_it()
    {
        _cache.Value = ConfigMap(version: "10");

        _store.RecordDelete(_cache.Value);

        _store.Find(Key).Should().BeNull();
    }

    [Fact]
    public void An_own_deletion_that_waited_for_finalizers_is_over_when_the_cache_says_so()
    {
        _cache.Value = ConfigMap(version: "10");
        var deleting = ConfigMap(version: "11");
        deleting.Metadata.DeletionTimestamp = _time.GetUtcNow().UtcDateTime;
        _store.RecordWrite(deleting);
        _store.Find(Key).Should().BeSameAs(deleting);

        _cache.Value = null;

        _store.Find(Key).Should().BeNull();
    }

    [Fact]
    public void After_a_deletion_an_object_that_was_made_anew_is_seen()
    {
        _cache.Value = ConfigMap(version: "10");
        _store.RecordDelete(_cache.Value);

        _cache.Value = ConfigMap(version: "12", uid: "other");

        _store.Find(Key).Should().BeSameAs(_cache.Value);
    }

    [Theory]
    [InlineData("9", true)]
    [InlineData("11", false)]
    public void An_own_object_that_was_made_anew_outweighs_the_one_before_it(string cachedVersion, bool isOwnSeen)
    {
        var own = ConfigMap(version: "10", uid: "new");
        _store.RecordWrite(own);

        _cache.Value = ConfigMap(version: cachedVersion, uid: "other");

        _store.Find(Key).Should().BeSameAs(isOwnSeen ? own : _cache.Value);
    }

    [Fact]
    public void The_last_own_write_counts()
    {
        var last = ConfigMap(version: "11");
        _store.RecordWrite(ConfigMap(version: "10"));
        _store.RecordWrite(last);
        _cache.Value = ConfigMap(version: "10");

        _store.Find(Key).Should().BeSameAs(last);
    }

    [Fact]
    public void An_own_write_that_the_cache_never_shows_is_forgotten()
    {
        _store.RecordWrite(ConfigMap(version: "10"));

        _time.Advance(_store.MaxAge);
        _store.Find(Key).Should().NotBeNull();

        _time.Advance(TimeSpan.FromTicks(1));
        _store.Find(Key).Should().BeNull();
    }

    [Theory]
    [InlineData("10", "")]
    [InlineData("", "10")]
    [InlineData("", "")]
    [InlineData(null, null)]
    [InlineData("10", "a1")]
    public void Where_versions_cannot_be_compared_an_own_write_counts_for_its_time(string? ownVersion, string? cachedVersion)
    {
        var own = ConfigMap(ownVersion);
        _cache.Value = ConfigMap(cachedVersion);
        _store.RecordWrite(own);

        _store.Find(Key).Should().BeSameAs(own);

        _time.Advance(TimeSpan.FromSeconds(11));
        _store.Find(Key).Should().BeSameAs(_cache.Value);
    }

    [Fact]
    public void Own_writes_that_nobody_asks_for_again_do_not_stay_in_memory()
    {
        var written = WriteAnObject();

        _time.Advance(TimeSpan.FromSeconds(11));
        _store.RecordWrite(ConfigMap(version: "1", name: "b"));

        GC.Collect();
        GC.WaitForPendingFinalizers();
        written.IsAlive.Should().BeFalse();
    }

    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
    private WeakReference WriteAnObject()
    {
        var value = ConfigMap(version: "1");
        _store.RecordWrite(value);
        return new WeakReference(value);
    }

    private static V1ConfigMap ConfigMap(string? version, string uid = "u", string name = "a") =>
        new() { Metadata = new() { Name = name, NamespaceProperty = "ns", Uid = uid, ResourceVersion = version } };

    private sealed class Cache : IObjectStore<V1ConfigMap>
    {
        public V1ConfigMap? Value { get; set; }

        public bool HasSynced => true;

        public IReadOnlyCollection<V1ConfigMap> All => Value is null ? [] : [Value];

        public V1ConfigMap? Find(ObjectKey key) => Value is not null && ObjectKey.Of(Value) == key ? Value : null;

        public IReadOnlyCollection<V1ConfigMap> InNamespace(string @namespace) => All;
    }
}
