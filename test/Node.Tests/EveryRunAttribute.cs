// SPDX-License-Identifier: Apache-2.0

using Xunit.v3;

namespace Node.Tests;

/// <summary>
/// Marks what runs also without FULL=1: on a class of one containerd, all its tests on that one; on a test, that test on every containerd. A test
/// of which neither is true runs on one containerd by default, and with FULL=1 on all.
/// </summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
public sealed class EveryRunAttribute : Attribute, ITraitAttribute
{
    public const string TraitName = "run";

    public const string TraitValue = "every";

    public IReadOnlyCollection<KeyValuePair<string, string>> GetTraits() => [new(TraitName, TraitValue)];
}
