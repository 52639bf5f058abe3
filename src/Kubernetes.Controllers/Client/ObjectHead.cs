// SPDX-License-Identifier: Apache-2.0

using System.Globalization;

namespace Kubernetes.Controllers.Client;

/// <summary>What every object tells of itself, read without a type: it can be had of an object that does not decode, too.</summary>
/// <param name="Key">Namespace and name; null if there is no name.</param>
/// <param name="Uid">The UID.</param>
/// <param name="Generation">The generation.</param>
/// <param name="ResourceVersion">The version.</param>
/// <param name="EndsInitialEvents">Whether this is the bookmark after the objects that were there when a watch began.</param>
internal readonly record struct ObjectHead(ObjectKey? Key, string? Uid, long? Generation, string? ResourceVersion, bool EndsInitialEvents)
{
    public static ObjectHead Read(ReadOnlySpan<byte> json)
    {
        var metadata = RawJson.Find(json, "\"metadata\""u8);
        var name = RawJson.Text(RawJson.Find(metadata, "\"name\""u8));
        var @namespace = RawJson.Text(RawJson.Find(metadata, "\"namespace\""u8));
        return new ObjectHead(
            string.IsNullOrEmpty(name) ? null : new ObjectKey(@namespace ?? "", name),
            RawJson.Text(RawJson.Find(metadata, "\"uid\""u8)),
            long.TryParse(RawJson.Find(metadata, "\"generation\""u8), CultureInfo.InvariantCulture, out var generation) ? generation : null,
            RawJson.Text(RawJson.Find(metadata, "\"resourceVersion\""u8)),
            RawJson.Find(RawJson.Find(metadata, "\"annotations\""u8), "\"k8s.io/initial-events-end\""u8).SequenceEqual("\"true\""u8));
    }
}
