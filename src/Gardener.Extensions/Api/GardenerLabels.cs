// SPDX-License-Identifier: Apache-2.0

namespace Gardener.Extensions.Api;

/// <summary>Labels of Gardener's contract.</summary>
public static class GardenerLabels
{
    /// <summary>Which extension or component made a ManagedResource.</summary>
    public const string Origin = "origin";

    /// <summary>Marks secrets that the resource manager deletes when nothing refers to them any more.</summary>
    public const string GarbageCollectable = "resources.gardener.cloud/garbage-collectable-reference";

    /// <summary>Keeps an object alive when gardenlet cleans a shoot before its extensions have gone.</summary>
    public const string NoCleanup = "shoot.gardener.cloud/no-cleanup";
}
