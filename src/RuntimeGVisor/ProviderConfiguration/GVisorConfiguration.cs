// SPDX-License-Identifier: Apache-2.0

using System.Collections.Immutable;

namespace RuntimeGVisor.ProviderConfiguration;

/// <summary>The providerConfig of a ContainerRuntime: what the owner of a shoot wants of gVisor on one worker pool.</summary>
public sealed record GVisorConfiguration
{
    /// <summary>The API version of the providerConfig.</summary>
    public const string ApiVersion = "gvisor.runtime.extensions.config.gardener.cloud/v1alpha1";

    /// <summary>Another spelling, which published examples show; it means the same.</summary>
    public const string AliasApiVersion = "gvisor.os.extensions.gardener.cloud/v1alpha1";

    /// <summary>The kind of the providerConfig.</summary>
    public const string Kind = "GVisorConfiguration";

    /// <summary>A configuration that asks for nothing, as when there is no providerConfig.</summary>
    public static GVisorConfiguration Empty { get; } = new();

    /// <summary>Flags for runsc by name, as the owner wrote them: neither names nor values have been checked.</summary>
    public ImmutableSortedDictionary<string, string> ConfigFlags { get; init; } = ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);

    /// <summary>Tag of the installer's image in the operator's test repository; null when none is asked for.</summary>
    public string? TestImageTag { get; init; }

    /// <summary>Whether the owner wrote <see cref="AliasApiVersion"/>, which is worth a hint.</summary>
    public bool HasAliasApiVersion { get; init; }
}
