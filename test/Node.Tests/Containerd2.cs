// SPDX-License-Identifier: Apache-2.0

namespace Node.Tests;

public static class Containerd2
{
    [Collection(Containerd2Collection.Name)]
    public sealed class Adoption(Containerd2Node node) : AdoptionTests(node);
}
