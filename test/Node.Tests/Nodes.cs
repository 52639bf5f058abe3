// SPDX-License-Identifier: Apache-2.0

using NodeTestBed;

namespace Node.Tests;

// One node for each containerd; their tests run side by side, the tests of one node one after the other.

public abstract class NodeFixture(string containerdVersion) : TestNode(containerdVersion), IAsyncLifetime
{
    public async ValueTask InitializeAsync()
    {
        await StartAsync();
        await Console.Error.WriteLineAsync(
            Unavailable is null ? $"note: node tests run on {Containerd}" : $"note: {Unavailable}: its node tests are skipped");
    }
}

public sealed class Containerd16Node() : NodeFixture("1.6");

public sealed class Containerd17Node() : NodeFixture("1.7");

public sealed class Containerd2Node() : NodeFixture("2");

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
