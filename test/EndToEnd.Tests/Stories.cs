// SPDX-License-Identifier: Apache-2.0

using EndToEnd.Tests;

[assembly: AssemblyFixture(typeof(Images))]

namespace EndToEnd.Tests;

/// <summary>The story on Debian 12's containerd.</summary>
public sealed class OnContainerd16(Containerd16Landscape landscape) : Story(landscape), IClassFixture<Containerd16Landscape>;

/// <summary>The story on containerd 1.7.</summary>
public sealed class OnContainerd17(Containerd17Landscape landscape) : Story(landscape), IClassFixture<Containerd17Landscape>;
