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
