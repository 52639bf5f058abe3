// SPDX-License-Identifier: Apache-2.0

using System.Security.Cryptography;
using System.Text;
using Gardener.Extensions.Api;

namespace Gardener.Extensions.ManagedResources;

/// <summary>
/// Names immutable Secrets and ConfigMaps after their content, and names the annotations that keep Gardener's garbage collector from
/// deleting them. (Gardener contract 4.2: unique names of secrets.)
/// </summary>
public static class ContentHash
{
    private const int ShownDigits = 8;

    /// <summary>The name of an object with this content: equal content gives the equal name.</summary>
    /// <param name="baseName">What the name begins with; a hyphen is put after it unless it ends with one.</param>
    /// <param name="data">The object's data by key. The keys decide the order only and are not part of the hash.</param>
    public static string UniqueName(string baseName, IEnumerable<KeyValuePair<string, ReadOnlyMemory<byte>>> data)
    {
        var digests = data
            .OrderBy(entry => Encoding.UTF8.GetBytes(entry.Key), BytewiseOrder)
            .Select(entry => Convert.ToHexStringLower(SHA256.HashData(entry.Value.Span)));
        var separator = baseName.EndsWith('-') ? "" : "-";
        return $"{baseName}{separator}{Shorten(string.Concat(digests))}";
    }

    /// <summary>The annotation that says: the annotated object uses the object called <paramref name="name"/>.</summary>
    /// <param name="kind">The used object's kind in lower case: <c>secret</c> or <c>configmap</c>.</param>
    /// <param name="name">The used object's name, in the namespace of the annotated one.</param>
    /// <returns>Key and value of the annotation.</returns>
    public static KeyValuePair<string, string> ReferenceAnnotation(string kind, string name) =>
        new($"{GardenerAnnotations.ReferencePrefix}{kind}-{Shorten(name)}", name);

    private static readonly Comparer<byte[]> BytewiseOrder =
        Comparer<byte[]>.Create((left, right) => left.AsSpan().SequenceCompareTo(right));

    private static string Shorten(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..ShownDigits];
}
