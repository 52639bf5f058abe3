// SPDX-License-Identifier: Apache-2.0

namespace Node.Tests;

/// <summary>All tests on a node with this containerd.</summary>
public static class Containerd17
{
    [Collection(Containerd17Collection.Name)]
    public sealed class Cgroup(Containerd17Node node) : CgroupTests(node);

    [Collection(Containerd17Collection.Name)]
    public sealed class Installation(Containerd17Node node) : InstallationTests(node)
    {
        [Fact]
        public Task A_configuration_of_version_1_gets_the_handler_where_version_1_has_it() =>
            AssertWorksWithConfigurationAsync(ConfigurationOfVersion1(), "[plugins.cri.containerd.runtimes.runsc]");
    }

    [EveryRun]
    [Collection(Containerd17Collection.Name)]
    public sealed class Upgrade(Containerd17Node node) : UpgradeTests(node);

    [Collection(Containerd17Collection.Name)]
    public sealed class Adoption(Containerd17Node node) : AdoptionTests(node);

    [Collection(Containerd17Collection.Name)]
    public sealed class Drift(Containerd17Node node) : DriftTests(node)
    {
        [Fact]
        public Task An_imported_file_that_hides_the_handler_is_named_and_costs_no_restart() => AssertImportedFileThatHidesTheHandlerCostsNoRestartAsync();
    }

    [EveryRun]
    [Collection(Containerd17Collection.Name)]
    public sealed class Failure(Containerd17Node node) : FailureTests(node)
    {
        [Fact]
        public Task An_imported_file_that_masks_the_handler_is_named() => AssertMaskingFileIsNamedAsync();

        [Fact]
        [EveryRun]
        public Task A_container_about_to_start_does_not_keep_containerd_down_after_the_restart() =>
            AssertRestartGetsByUnstartedContainerAsync();

        [Fact]
        public Task A_containerd_that_was_killed_while_a_container_was_about_to_start_comes_up() => AssertKilledContainerdComesUpAsync();

        [Fact]
        public Task A_pod_that_is_about_to_start_is_waited_for_before_the_restart() => AssertStartIsWaitedForAsync();
    }

    [Collection(Containerd17Collection.Name)]
    public sealed class Verification(Containerd17Node node) : VerificationTests(node);

    [Collection(Containerd17Collection.Name)]
    public sealed class Uninstallation(Containerd17Node node) : UninstallTests(node);

    [Collection(Containerd17Collection.Name)]
    public sealed class Crash(Containerd17Node node) : CrashTests(node);

    [Collection(Containerd17Collection.Name)]
    public sealed class DaemonSet(Containerd17Node node) : DaemonSetTests(node);

    [Collection(Containerd17Collection.Name)]
    public sealed class Race(Containerd17Node node) : RaceTests(node);
}
