// SPDX-License-Identifier: Apache-2.0

using Node.Tests.TestBed;

namespace Node.Tests;

// One node for each containerd; their tests run side by side, the tests of one node one after the other.

public sealed class Containerd16Node() : TestNode("1.6");

public sealed class Containerd17Node() : TestNode("1.7");

public sealed class Containerd2Node() : TestNode("2");

[CollectionDefinition(Name)]
public sealed class Containerd16Collection : ICollectionFixture<Containerd16Node>
{
    public const string Name = "containerd 1.6";
}

[CollectionDefinition(Name)]
public sealed class Containerd17Collection : ICollectionFixture<Containerd17Node>
{
    public const string Name = "containerd 1.7";
}

[CollectionDefinition(Name)]
public sealed class Containerd2Collection : ICollectionFixture<Containerd2Node>
{
    public const string Name = "containerd 2";
}
