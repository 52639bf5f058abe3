// SPDX-License-Identifier: Apache-2.0

using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using k8s;
using k8s.Models;

namespace Gardener.Extensions.Api;

/// <summary>
/// Objects that the resource manager keeps in the shoot, taken from secrets beside it.
/// (Gardener contract 1.3: <c>resources.gardener.cloud/v1alpha1</c>. <c>status.resources</c> is not kept: it grows with the objects.)
/// </summary>
public sealed record ManagedResource : IKubernetesObject<V1ObjectMeta>
{
    /// <inheritdoc/>
    public string ApiVersion { get; set; } = "resources.gardener.cloud/v1alpha1";

    /// <inheritdoc/>
    public string Kind { get; set; } = "ManagedResource";

    /// <inheritdoc/>
    public V1ObjectMeta Metadata { get; set; } = new();

    /// <summary>What is to be kept, and how.</summary>
    public ManagedResourceSpec Spec { get; init => field = value ?? new(); } = new();

    /// <summary>What the resource manager reports.</summary>
    public ManagedResourceStatus? Status { get; init; }
}

/// <summary>What a resource manager is to keep, and how.</summary>
public sealed record ManagedResourceSpec
{
    /// <summary>Which resource manager is responsible; absent means that of the shoot.</summary>
    public string? Class { get; init; }

    /// <summary>The secrets that hold the objects.</summary>
    public ImmutableArray<V1LocalObjectReference> SecretRefs { get; init => field = value.IsDefault ? [] : value; } = [];

    /// <summary>Labels that every object gets.</summary>
    public IReadOnlyDictionary<string, string>? InjectLabels { get; init; }

    /// <summary>Objects survive when the ManagedResource is deleted.</summary>
    public bool? KeepObjects { get; init; }

    /// <summary>Not used here; known so that a foreign value can be taken back.</summary>
    public bool? ForceOverwriteLabels { get; init; }

    /// <summary>Not used here; known so that a foreign value can be taken back.</summary>
    public bool? ForceOverwriteAnnotations { get; init; }

    /// <summary>Not used here; known so that a foreign value can be taken back.</summary>
    public bool? DeletePersistentVolumeClaims { get; init; }

    /// <summary>Not used here; known so that a foreign value can be taken back.</summary>
    public JsonElement? Equivalences { get; init; }
}

/// <summary>What a resource manager reports.</summary>
public sealed record ManagedResourceStatus
{
    /// <summary>The generation that the conditions speak of.</summary>
    public long? ObservedGeneration { get; init; }

    /// <summary>Conditions, see <see cref="ManagedResourceCondition"/>.</summary>
    public ImmutableArray<ManagedResourceCondition>? Conditions { get; init; }
}

/// <summary>A condition of a ManagedResource.</summary>
public sealed record ManagedResourceCondition
{
    /// <summary>The objects were written.</summary>
    public const string ResourcesApplied = "ResourcesApplied";

    /// <summary>The objects work.</summary>
    public const string ResourcesHealthy = "ResourcesHealthy";

    /// <summary>The objects are still rolling out.</summary>
    public const string ResourcesProgressing = "ResourcesProgressing";

    /// <summary>One of the constants above.</summary>
    public string Type { get; init => field = value ?? ""; } = "";

    /// <summary><c>True</c>, <c>False</c>, <c>Progressing</c> or <c>Unknown</c>.</summary>
    public string Status { get; init => field = value ?? ""; } = "";

    /// <summary>When the status changed last: UTC, whole seconds.</summary>
    [JsonConverter(typeof(WholeSecondsConverter))]
    public DateTimeOffset LastTransitionTime { get; init; }

    /// <summary>A word for programs, for example <c>DeletionPending</c>.</summary>
    public string? Reason { get; init; }

    /// <summary>A sentence for people.</summary>
    public string? Message { get; init; }
}
