// SPDX-License-Identifier: Apache-2.0

namespace Node.Tests;

public static class Containerd17
{
    [Collection(Containerd17Collection.Name)]
    public sealed class Adoption(Containerd17Node node) : AdoptionTests(node);
}
