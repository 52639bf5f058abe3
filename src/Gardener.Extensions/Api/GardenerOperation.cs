// SPDX-License-Identifier: Apache-2.0

namespace Gardener.Extensions.Api;

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
