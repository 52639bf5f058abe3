// SPDX-License-Identifier: Apache-2.0

using System.Globalization;

namespace Kubernetes.Controllers.Client;

/// <summary>What every object tells of itself, read without a type: it can be had of an object that does not decode, too.</summary>
internal readonly record struct ObjectHead
{
    public string? Kind { get; private init; }

    public ObjectKey? Key { get; private init; }

    public string? Uid { get; private init; }

    public long? Generation { get; private init; }

    public string? ResourceVersion { get; private init; }

    /// <summary>Whether this is the bookmark with which a server ends the objects that were there when a watch began.</summary>
    public bool EndsInitialEvents { get; private init; }

    public static ObjectHead Read(ReadOnlySpan<byte> json)
    {
        var head = default(ObjectHead);
        var properties = new JsonProperties(json);
        while (properties.MoveNext())
        {
            if (properties.Name.SequenceEqual("\"kind\""u8))
            {
                head = head with { Kind = properties.Text };
            }
            else if (properties.Name.SequenceEqual("\"metadata\""u8))
            {
                head = ReadMetadata(properties.Value) with { Kind = head.Kind };
            }
        }

        return head;
    }

    private static ObjectHead ReadMetadata(ReadOnlySpan<byte> json)
    {
        var (name, @namespace, head) = (default(string), default(string), default(ObjectHead));
        var properties = new JsonProperties(json);
        while (properties.MoveNext())
        {
            switch (properties.Name)
            {
                case var property when property.SequenceEqual("\"name\""u8):
                    name = properties.Text;
                    break;
                case var property when property.SequenceEqual("\"namespace\""u8):
                    @namespace = properties.Text;
                    break;
                case var property when property.SequenceEqual("\"uid\""u8):
                    head = head with { Uid = properties.Text };
                    break;
                case var property when property.SequenceEqual("\"generation\""u8):
                    head = head with { Generation = long.TryParse(properties.Value, CultureInfo.InvariantCulture, out var generation) ? generation : null };
                    break;
                case var property when property.SequenceEqual("\"resourceVersion\""u8):
                    head = head with { ResourceVersion = properties.Text };
                    break;
                case var property when property.SequenceEqual("\"annotations\""u8):
                    head = head with { EndsInitialEvents = HasInitialEventsEnd(properties.Value) };
                    break;
            }
        }

        return head with { Key = string.IsNullOrEmpty(name) ? null : new ObjectKey(@namespace ?? "", name) };
    }

    private static bool HasInitialEventsEnd(ReadOnlySpan<byte> annotations)
    {
        var properties = new JsonProperties(annotations);
        while (properties.MoveNext())
        {
            if (properties.Name.SequenceEqual("\"k8s.io/initial-events-end\""u8))
            {
                return properties.Text == "true";
            }
        }

        return false;
    }
}
