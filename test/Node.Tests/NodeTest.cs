// SPDX-License-Identifier: Apache-2.0

using Node.Tests.TestBed;

namespace Node.Tests;

/// <summary>A test on a node that is as if nobody had used it before.</summary>
public abstract class NodeTest(TestNode node) : IAsyncLifetime
{
    private protected const string OldVersion = "20221219.0";

    private protected const string NewVersion = "20240729.0";

    private protected TestNode Node => node;

    private protected static CancellationToken CancellationToken => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        node.SkipWhereUnavailable();
        await node.ResetAsync();
    }

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    private protected Installer Installer(string version = NewVersion) => new(node, node.Image(version));
}
