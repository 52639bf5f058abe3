// SPDX-License-Identifier: Apache-2.0

using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Gardener.Extensions.Api;

/// <summary>Reads the few fields of <see cref="ClusterShoot"/> out of a whole Shoot without building the rest.</summary>
internal sealed class ClusterShootConverter : JsonConverter<ClusterShoot>
{
    private enum Field
    {
        Other,
        Shoot,
        Metadata,
        Name,
        Namespace,
        DeletionTimestamp,
        Annotations,
        ForceDeletion,
        Spec,
        Hibernation,
        Enabled,
        Provider,
        Workers,
        Maximum,
        Machine,
        Architecture,
        Status,
        LastOperation,
        State,
    }

    public override ClusterShoot? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.StartObject)
        {
            return ReadFields(ref reader, Field.Shoot, new ClusterShoot());
        }

        reader.Skip();
        return null;
    }

    public override void Write(Utf8JsonWriter writer, ClusterShoot value, JsonSerializerOptions options) =>
        throw new NotSupportedException("A Cluster is gardenlet's to write.");

    private static ClusterShoot ReadFields(ref Utf8JsonReader reader, Field parent, ClusterShoot shoot)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var field = FieldOf(parent, ref reader);
            reader.Read();
            switch (field)
            {
                case Field.Metadata or Field.Annotations or Field.Spec or Field.Hibernation or Field.Provider or Field.Status or Field.LastOperation
                    when reader.TokenType == JsonTokenType.StartObject:
                    shoot = ReadFields(ref reader, field, shoot);
                    break;
                case Field.Workers when reader.TokenType == JsonTokenType.StartArray:
                    shoot = shoot with { WorkerPools = ReadWorkerPools(ref reader) };
                    break;
                case Field.Enabled:
                    shoot = shoot with { IsHibernated = reader.TokenType == JsonTokenType.True };
                    break;
                case Field.Name or Field.Namespace or Field.DeletionTimestamp or Field.ForceDeletion or Field.State
                    when reader.TokenType == JsonTokenType.String:
                    shoot = WithText(shoot, field, reader.GetString()!);
                    break;
            }

            reader.Skip();
        }

        return shoot;
    }

    private static ImmutableSortedDictionary<string, ClusterWorkerPool> ReadWorkerPools(ref Utf8JsonReader reader)
    {
        var pools = ImmutableSortedDictionary<string, ClusterWorkerPool>.Empty.ToBuilder();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType == JsonTokenType.StartObject && ReadWorkerPool(ref reader, Field.Workers, (null, new())) is ({ } name, var pool))
            {
                pools[name] = pool;
            }

            reader.Skip();
        }

        return pools.ToImmutable();
    }

    private static (string? Name, ClusterWorkerPool Pool) ReadWorkerPool(
        ref Utf8JsonReader reader, Field parent, (string? Name, ClusterWorkerPool Pool) read)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var field = FieldOf(parent, ref reader);
            reader.Read();
            switch (field)
            {
                case Field.Name when reader.TokenType == JsonTokenType.String:
                    read.Name = reader.GetString();
                    break;
                case Field.Maximum when reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out var maximum):
                    read.Pool = read.Pool with { Maximum = maximum };
                    break;
                case Field.Machine when reader.TokenType == JsonTokenType.StartObject:
                    read = ReadWorkerPool(ref reader, field, read);
                    break;
                case Field.Architecture when reader.TokenType == JsonTokenType.String:
                    read.Pool = read.Pool with { Architecture = reader.GetString() };
                    break;
            }

            reader.Skip();
        }

        return read;
    }

    private static ClusterShoot WithText(ClusterShoot shoot, Field field, string value) => field switch
    {
        Field.Name => shoot with { Name = value },
        Field.Namespace => shoot with { Namespace = value },
        Field.DeletionTimestamp => shoot with { IsBeingDeleted = true },

        // Gardener contract 1.2: Go's ParseBool decides; whatever it refuses means no.
        Field.ForceDeletion => shoot with { NeedsForceDeletion = value is "1" or "t" or "T" or "TRUE" or "true" or "True" },
        _ => shoot with { HasFailed = value == "Failed" },
    };

    private static Field FieldOf(Field parent, ref Utf8JsonReader reader) => parent switch
    {
        Field.Shoot =>
            reader.ValueTextEquals("metadata"u8) ? Field.Metadata
            : reader.ValueTextEquals("spec"u8) ? Field.Spec
            : reader.ValueTextEquals("status"u8) ? Field.Status
            : Field.Other,
        Field.Metadata =>
            reader.ValueTextEquals("name"u8) ? Field.Name
            : reader.ValueTextEquals("namespace"u8) ? Field.Namespace
            : reader.ValueTextEquals("deletionTimestamp"u8) ? Field.DeletionTimestamp
            : reader.ValueTextEquals("annotations"u8) ? Field.Annotations
            : Field.Other,
        Field.Annotations => reader.ValueTextEquals(GardenerAnnotations.ForceDeletion) ? Field.ForceDeletion : Field.Other,
        Field.Spec =>
            reader.ValueTextEquals("hibernation"u8) ? Field.Hibernation
            : reader.ValueTextEquals("provider"u8) ? Field.Provider
            : Field.Other,
        Field.Provider => reader.ValueTextEquals("workers"u8) ? Field.Workers : Field.Other,
        Field.Workers =>
            reader.ValueTextEquals("name"u8) ? Field.Name
            : reader.ValueTextEquals("maximum"u8) ? Field.Maximum
            : reader.ValueTextEquals("machine"u8) ? Field.Machine
            : Field.Other,
        Field.Machine => reader.ValueTextEquals("architecture"u8) ? Field.Architecture : Field.Other,
        Field.Hibernation => reader.ValueTextEquals("enabled"u8) ? Field.Enabled : Field.Other,
        Field.Status => reader.ValueTextEquals("lastOperation"u8) ? Field.LastOperation : Field.Other,
        Field.LastOperation => reader.ValueTextEquals("state"u8) ? Field.State : Field.Other,
        _ => Field.Other,
    };
}
