// SPDX-License-Identifier: Apache-2.0

using System.Text;
using CsCheck;
using Gardener.Extensions.ManagedResources;

namespace Gardener.Extensions.Tests.ManagedResources;

/// <summary>Gardener contract 4.2: unique names of secrets.</summary>
public sealed class ContentHashTests
{
    public static TheoryData<(string Key, string Value)[], string> Contents() => new()
    {
        { [], "e3b0c442" },
        { [("config.yaml", "")], "cd372fb8" },
        { [("config.yaml", "foo")], "50522102" },
        { [("a", "1"), ("b", "2")], "33b67563" },
        { [("b", "2"), ("a", "1")], "33b67563" },
    };

    [Theory]
    [MemberData(nameof(Contents))]
    public void A_name_ends_with_the_hash_of_the_content((string Key, string Value)[] content, string hash) =>
        ContentHash.UniqueName("base", Data(content)).Should().Be($"base-{hash}");

    [Fact]
    public void A_base_name_that_ends_with_a_hyphen_gets_no_second_one() =>
        ContentHash.UniqueName("base-", Data([("config.yaml", "foo")])).Should().Be("base-50522102");

    [Theory]
    [InlineData("my-secret", "reference.resources.gardener.cloud/secret-186ef76e")]
    [InlineData("managedresource-extension-runtime-gvisor-50522102", "reference.resources.gardener.cloud/secret-0d111ff8")]
    public void A_reference_annotation_names_the_object_by_hash_and_in_full(string name, string key) =>
        ContentHash.ReferenceAnnotation("secret", name).Should().Be(KeyValuePair.Create(key, name));

    [Fact]
    public void The_kind_is_part_of_the_annotation() =>
        ContentHash.ReferenceAnnotation("configmap", "my-secret").Key.Should().Be("reference.resources.gardener.cloud/configmap-186ef76e");

    [Fact]
    public void The_order_of_the_keys_does_not_matter() =>
        Gen.Dictionary(Gen.String[Gen.Char.AlphaNumeric, 0, 4], Gen.String).SelectMany(content => Gen.Shuffle(content.ToArray()).Select(shuffled => (content, shuffled)))
            .Sample(pair => ContentHash.UniqueName("x", Data(pair.content.Select(entry => (entry.Key, entry.Value))))
                == ContentHash.UniqueName("x", Data(pair.shuffled.Select(entry => (entry.Key, entry.Value)))));

    private static Dictionary<string, ReadOnlyMemory<byte>> Data(IEnumerable<(string Key, string Value)> content) =>
        content.ToDictionary(entry => entry.Key, entry => (ReadOnlyMemory<byte>)Encoding.UTF8.GetBytes(entry.Value), StringComparer.Ordinal);
}
