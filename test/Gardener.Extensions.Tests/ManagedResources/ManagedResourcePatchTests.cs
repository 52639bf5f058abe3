// SPDX-License-Identifier: Apache-2.0

using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CsCheck;
using Gardener.Extensions.Api;
using Gardener.Extensions.ManagedResources;
using Kubernetes.Controllers.Client;

namespace Gardener.Extensions.Tests.ManagedResources;

/// <summary>What a ManagedResource for a shoot looks like. (Gardener contract 4.1: creating one for a shoot.)</summary>
public sealed class ManagedResourcePatchTests
{
    private const string Secret = "managedresource-my-mr-50522102";

    private static readonly (string Key, string Name) Reference = ContentHash.ReferenceAnnotation("secret", Secret) is var (key, name) ? (key, name) : default;

    private static readonly ManagedResourceContent Content = new()
    {
        Key = new ObjectKey("shoot--a--b", "my-mr"),
        Origin = "my-extension",
        Data = ImmutableSortedDictionary<string, ReadOnlyMemory<byte>>.Empty.Add("config.yaml", Encoding.UTF8.GetBytes("foo")),
    };

    [Fact]
    public void A_new_one_has_the_fields_of_the_contract_and_no_others() =>
        Json(ManagedResourcePatch.New(Content, Secret)).Should().Be(JsonNode.Parse($$"""
            {
              "apiVersion": "resources.gardener.cloud/v1alpha1",
              "kind": "ManagedResource",
              "metadata": {
                "annotations": { "{{Reference.Key}}": "{{Secret}}" },
                "labels": { "origin": "my-extension" },
                "name": "my-mr",
                "namespace": "shoot--a--b"
              },
              "spec": {
                "secretRefs": [{ "name": "{{Secret}}" }],
                "injectLabels": { "shoot.gardener.cloud/no-cleanup": "true" },
                "keepObjects": false
              }
            }
            """)!.ToJsonString());

    [Fact]
    public void Annotations_of_the_content_are_added() =>
        ManagedResourcePatch.New(With(("a", "1"), ("b", null)), Secret).Metadata.Annotations
            .Should().BeEquivalentTo(new Dictionary<string, string> { ["a"] = "1", [Reference.Key] = Secret });

    [Fact]
    public void An_object_as_desired_needs_no_patch() => ManagedResourcePatch.Between(Existing(), Content, Secret).Should().BeNull();

    public static TheoryData<string, string, string> Corrections() => new()
    {
        // what differs, as a merge patch on the wanted object; the patch that takes it back
        { "the origin is added", """{"metadata":{"labels":null}}""", """{"metadata":{"labels":{"origin":"my-extension"}}}""" },
        { "the origin is replaced", """{"metadata":{"labels":{"origin":"x"}}}""", """{"metadata":{"labels":{"origin":"my-extension"}}}""" },
        { "foreign labels stay", """{"metadata":{"labels":{"care":"x"}}}""", "" },
        { "foreign annotations stay", """{"metadata":{"annotations":{"care":"x"}}}""", "" },
        { "finalizers stay", """{"metadata":{"finalizers":["x"]}}""", "" },
        { "the reference is added", $$$"""{"metadata":{"annotations":{"{{{Reference.Key}}}":null} } }""", $$$"""{"metadata":{"annotations":{"{{{Reference.Key}}}":"{{{Secret}}}"} } }""" },
        {
            "other references are dropped",
            """{"metadata":{"annotations":{"reference.resources.gardener.cloud/secret-0d111ff8":"old","reference.resources.gardener.cloud/configmap-1":"x"}}}""",
            """{"metadata":{"annotations":{"reference.resources.gardener.cloud/secret-0d111ff8":null,"reference.resources.gardener.cloud/configmap-1":null}}}"""
        },
        { "another secret is replaced", """{"spec":{"secretRefs":[{"name":"old"}]}}""", $$$"""{"spec":{"secretRefs":[{"name":"{{{Secret}}}"}]} }""" },
        { "a second secret is dropped", $$$"""{"spec":{"secretRefs":[{"name":"{{{Secret}}}"},{"name":"old"}]} }""", $$$"""{"spec":{"secretRefs":[{"name":"{{{Secret}}}"}]} }""" },
        { "a missing secret is added", """{"spec":{"secretRefs":[]}}""", $$$"""{"spec":{"secretRefs":[{"name":"{{{Secret}}}"}]} }""" },
        { "objects are no longer kept", """{"spec":{"keepObjects":true}}""", """{"spec":{"keepObjects":false}}""" },
        { "keepObjects is explicit", """{"spec":{"keepObjects":null}}""", """{"spec":{"keepObjects":false}}""" },
        { "the class is taken back", """{"spec":{"class":"seed"}}""", """{"spec":{"class":null}}""" },
        { "overwriting labels is taken back", """{"spec":{"forceOverwriteLabels":true}}""", """{"spec":{"forceOverwriteLabels":null}}""" },
        { "overwriting annotations is taken back", """{"spec":{"forceOverwriteAnnotations":false}}""", """{"spec":{"forceOverwriteAnnotations":null}}""" },
        { "deleting volumes is taken back", """{"spec":{"deletePersistentVolumeClaims":true}}""", """{"spec":{"deletePersistentVolumeClaims":null}}""" },
        { "equivalences are taken back", """{"spec":{"equivalences":[[{"kind":"A"}]]}}""", """{"spec":{"equivalences":null}}""" },
        { "injected labels are added", """{"spec":{"injectLabels":null}}""", """{"spec":{"injectLabels":{"shoot.gardener.cloud/no-cleanup":"true"}}}""" },
        { "foreign injected labels are taken back", """{"spec":{"injectLabels":{"x":"y"}}}""", """{"spec":{"injectLabels":{"x":null}}}""" },
        { "injected labels are corrected", """{"spec":{"injectLabels":{"shoot.gardener.cloud/no-cleanup":"false"}}}""", """{"spec":{"injectLabels":{"shoot.gardener.cloud/no-cleanup":"true"}}}""" },
    };

    [Theory]
    [MemberData(nameof(Corrections))]
    public void A_difference_is_corrected_by_the_smallest_patch(string rule, string difference, string patch)
    {
        var actual = ManagedResourcePatch.Between(Existing(difference), Content, Secret);

        (actual is null ? "" : JsonNode.Parse(actual.Body.Span)!.ToJsonString())
            .Should().Be(patch.Length == 0 ? "" : JsonNode.Parse(patch)!.ToJsonString(), rule);
    }

    [Fact]
    public void An_annotation_that_must_be_absent_is_removed_and_a_wrong_one_corrected() =>
        JsonNode.Parse(ManagedResourcePatch.Between(Existing("""{"metadata":{"annotations":{"a":"0","b":"0","c":"0"}}}"""), With(("a", "1"), ("b", null)), Secret)!.Body.Span)!
            .ToJsonString().Should().Be("""{"metadata":{"annotations":{"a":"1","b":null}}}""");

    [Fact]
    public void The_patch_makes_any_object_as_wanted_and_keeps_what_belongs_to_others() =>
        Differences.Sample(difference =>
        {
            var before = MergePatch.Apply(JsonNode.Parse(Json(ManagedResourcePatch.New(Content, Secret))), difference)!;
            var patch = ManagedResourcePatch.Between(before.Deserialize(GardenerJson.Default.ManagedResource)!, Content, Secret);

            var after = patch is null ? before : MergePatch.Apply(before, JsonNode.Parse(patch.Body.Span))!;

            var read = after.Deserialize(GardenerJson.Default.ManagedResource)!;
            return ManagedResourcePatch.Between(read, Content, Secret) is null
                && JsonNode.DeepEquals(after["spec"], JsonNode.Parse(Json(ManagedResourcePatch.New(Content, Secret)))!["spec"])
                && read.Metadata.Labels["origin"] == "my-extension"
                && References(read).SequenceEqual([KeyValuePair.Create(Reference.Key, Secret)])
                && Foreign(after).SequenceEqual(Foreign(before));
        });

    [Fact]
    public void Objects_are_kept_by_one_field() =>
        Encoding.UTF8.GetString(ManagedResourcePatch.KeepObjects().Body.Span).Should().Be("""{"spec":{"keepObjects":true}}""");

    private static Gen<JsonObject> Differences
    {
        get
        {
            var texts = Gen.Dictionary(
                Gen.OneOf("origin", "care", "shoot.gardener.cloud/no-cleanup", "reference.resources.gardener.cloud/secret-1", Reference.Key),
                Gen.OneOf("true", "my-extension", Secret, ""))[0, 4];
            var map = texts.Select(values => (JsonNode)new JsonObject(values.Select(value => KeyValuePair.Create(value.Key, (JsonNode?)value.Value))));
            var flag = Gen.Bool.Nullable().Select(value => (JsonNode?)value);
            var secrets = Gen.OneOf(Secret, "old").Array[0, 3].Select(names => (JsonNode)new JsonArray([.. names.Select(name => new JsonObject { ["name"] = name })]));
            return from labels in map
                   from annotations in map
                   from injectLabels in map.Null()
                   from secretRefs in secrets
                   from keep in flag
                   from force in flag
                   from withClass in Gen.Bool
                   select new JsonObject
                   {
                       ["metadata"] = new JsonObject { ["labels"] = labels.DeepClone(), ["annotations"] = annotations.DeepClone() },
                       ["spec"] = new JsonObject
                       {
                           ["injectLabels"] = injectLabels?.DeepClone(),
                           ["secretRefs"] = secretRefs.DeepClone(),
                           ["keepObjects"] = keep?.DeepClone(),
                           ["forceOverwriteLabels"] = force?.DeepClone(),
                           ["class"] = withClass ? "seed" : null,
                       },
                   };
        }
    }

    private static IEnumerable<KeyValuePair<string, string>> References(ManagedResource value) =>
        value.Metadata.Annotations.Where(annotation => annotation.Key.StartsWith(GardenerAnnotations.ReferencePrefix, StringComparison.Ordinal));

    private static IEnumerable<string> Foreign(JsonNode value) =>
        from map in (string[])["labels", "annotations"]
        from entry in value["metadata"]![map]!.AsObject()
        where entry.Key != "origin" && !entry.Key.StartsWith(GardenerAnnotations.ReferencePrefix, StringComparison.Ordinal)
        orderby entry.Key
        select $"{map} {entry.Key}={entry.Value}";

    private static ManagedResourceContent With(params (string Key, string? Value)[] annotations) =>
        Content with { Annotations = annotations.ToImmutableSortedDictionary(annotation => annotation.Key, annotation => annotation.Value) };

    private static ManagedResource Existing(string difference = "{}") =>
        MergePatch.Apply(JsonNode.Parse(Json(ManagedResourcePatch.New(Content, Secret))), JsonNode.Parse(difference))
            .Deserialize(GardenerJson.Default.ManagedResource)!;

    private static string Json(ManagedResource value) => JsonSerializer.SerializeToNode(value, GardenerJson.Default.ManagedResource)!.ToJsonString();
}
