// SPDX-License-Identifier: Apache-2.0

namespace Gardener.Extensions.Api;

/// <summary>Annotations of Gardener's contract.</summary>
public static class GardenerAnnotations
{
    /// <summary>What gardenlet asks an extension to do; see <see cref="GardenerOperation"/>.</summary>
    public const string Operation = "gardener.cloud/operation";

    /// <summary>When gardenlet asked, RFC 3339 with nanoseconds in UTC.</summary>
    public const string Timestamp = "gardener.cloud/timestamp";

    /// <summary>On a Shoot: take everything away without waiting for anything.</summary>
    public const string ForceDeletion = "confirmation.gardener.cloud/force-deletion";

    /// <summary>Prefix of the annotations that keep secrets from the garbage collector of the resource manager.</summary>
    public const string ReferencePrefix = "reference.resources.gardener.cloud/";
}

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

/// <summary>Values of the annotation <see cref="GardenerAnnotations.Operation"/> that extensions act on.</summary>
public static class GardenerOperation
{
    /// <summary>Reconcile now.</summary>
    public const string Reconcile = "reconcile";

    /// <summary>The control plane leaves this seed.</summary>
    public const string Migrate = "migrate";

    /// <summary>The control plane arrived on this seed.</summary>
    public const string Restore = "restore";

    /// <summary>Do nothing until gardenlet has restored the state.</summary>
    public const string WaitForState = "wait-for-state";
}
