// SPDX-License-Identifier: Apache-2.0

namespace Node.Tests;

public static class Containerd16
{
    [Collection(Containerd16Collection.Name)]
    public sealed class Adoption(Containerd16Node node) : AdoptionTests(node);
}
