// SPDX-License-Identifier: Apache-2.0

namespace Node.Tests;

/// <summary>All tests on a node with this containerd.</summary>
public static class Containerd17
{
    [Collection(Containerd17Collection.Name)]
    public sealed class Installation(Containerd17Node node) : InstallationTests(node)
    {
        [Fact]
        public Task A_configuration_of_version_1_gets_the_handler_where_version_1_has_it() =>
            AssertWorksWithConfigurationAsync(ConfigurationOfVersion1(), "[plugins.cri.containerd.runtimes.runsc]");
    }

    [Collection(Containerd17Collection.Name)]
    public sealed class Upgrade(Containerd17Node node) : UpgradeTests(node);

    [Collection(Containerd17Collection.Name)]
    public sealed class Adoption(Containerd17Node node) : AdoptionTests(node);

    [Collection(Containerd17Collection.Name)]
    public sealed class Drift(Containerd17Node node) : DriftTests(node);

    [Collection(Containerd17Collection.Name)]
    public sealed class Failure(Containerd17Node node) : FailureTests(node)
    {
        [Fact]
        public Task An_imported_file_that_masks_the_handler_is_named() => AssertMaskingFileIsNamedAsync();
    }

    [Collection(Containerd17Collection.Name)]
    public sealed class Uninstallation(Containerd17Node node) : UninstallTests(node);

    [Collection(Containerd17Collection.Name)]
    public sealed class Crash(Containerd17Node node) : CrashTests(node, stride: 4);

    [Collection(Containerd17Collection.Name)]
    public sealed class DaemonSet(Containerd17Node node) : DaemonSetTests(node);
}
