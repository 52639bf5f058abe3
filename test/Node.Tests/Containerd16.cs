// SPDX-License-Identifier: Apache-2.0

namespace Node.Tests;

/// <summary>All tests on a node with this containerd.</summary>
public static class Containerd16
{
    [EveryRun]
    [Collection(Containerd16Collection.Name)]
    public sealed class Cgroup(Containerd16Node node) : CgroupTests(node);

    [Collection(Containerd16Collection.Name)]
    public sealed class Installation(Containerd16Node node) : InstallationTests(node)
    {
        [Fact]
        public Task A_configuration_of_version_1_gets_the_handler_where_version_1_has_it() =>
            AssertWorksWithConfigurationAsync(ConfigurationOfVersion1(), "[plugins.cri.containerd.runtimes.runsc]");
    }

    [Collection(Containerd16Collection.Name)]
    public sealed class Upgrade(Containerd16Node node) : UpgradeTests(node)
    {
        [Fact]
        [EveryRun]
        public Task A_pod_that_starts_while_the_new_gVisor_is_copied_lives_on() => AssertPodThatStartsWhileTheNewGVisorIsCopiedLivesOnAsync();
    }

    [Collection(Containerd16Collection.Name)]
    public sealed class Adoption(Containerd16Node node) : AdoptionTests(node);

    [EveryRun]
    [Collection(Containerd16Collection.Name)]
    public sealed class Drift(Containerd16Node node) : DriftTests(node)
    {
        [Fact]
        public Task An_imported_file_that_hides_the_handler_is_named_and_costs_no_restart() => AssertImportedFileThatHidesTheHandlerCostsNoRestartAsync();
    }

    [Collection(Containerd16Collection.Name)]
    public sealed class Failure(Containerd16Node node) : FailureTests(node)
    {
        [Fact]
        public Task An_imported_file_that_masks_the_handler_is_named() => AssertMaskingFileIsNamedAsync();
    }

    [Collection(Containerd16Collection.Name)]
    public sealed class Verification(Containerd16Node node) : VerificationTests(node);

    [EveryRun]
    [Collection(Containerd16Collection.Name)]
    public sealed class Uninstallation(Containerd16Node node) : UninstallTests(node);

    [Collection(Containerd16Collection.Name)]
    public sealed class Crash(Containerd16Node node) : CrashTests(node);

    [EveryRun]
    [Collection(Containerd16Collection.Name)]
    public sealed class DaemonSet(Containerd16Node node) : DaemonSetTests(node);

    [Collection(Containerd16Collection.Name)]
    public sealed class Race(Containerd16Node node) : RaceTests(node);
}
