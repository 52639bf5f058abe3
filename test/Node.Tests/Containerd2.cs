// SPDX-License-Identifier: Apache-2.0

namespace Node.Tests;

/// <summary>All tests on a node with this containerd.</summary>
public static class Containerd2
{
    [Collection(Containerd2Collection.Name)]
    public sealed class Cgroup(Containerd2Node node) : CgroupTests(node);

    [EveryRun]
    [Collection(Containerd2Collection.Name)]
    public sealed class Installation(Containerd2Node node) : InstallationTests(node)
    {
        [Fact]
        public async Task A_configuration_of_version_2_gets_the_handler_where_version_2_has_it() =>
            await AssertWorksWithConfigurationAsync(
                await File.ReadAllTextAsync(Repository.Script("node/config/version-2.toml"), CancellationToken),
                "[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.runsc]");
    }

    [Collection(Containerd2Collection.Name)]
    public sealed class Upgrade(Containerd2Node node) : UpgradeTests(node);

    [EveryRun]
    [Collection(Containerd2Collection.Name)]
    public sealed class Adoption(Containerd2Node node) : AdoptionTests(node)
    {
        [Fact]
        public Task A_block_for_an_older_version_of_the_configuration_is_replaced() => AssertBlockForOlderConfigurationIsReplacedAsync();
    }

    [Collection(Containerd2Collection.Name)]
    public sealed class Drift(Containerd2Node node) : DriftTests(node);

    [Collection(Containerd2Collection.Name)]
    public sealed class Failure(Containerd2Node node) : FailureTests(node)
    {
        [Fact]
        [EveryRun]
        public Task A_container_about_to_start_does_not_keep_containerd_down_after_the_restart() =>
            AssertRestartGetsByUnstartedContainerAsync();

        [Fact]
        public Task A_containerd_that_was_killed_while_a_container_was_about_to_start_comes_up() => AssertKilledContainerdComesUpAsync();
    }

    [EveryRun]
    [Collection(Containerd2Collection.Name)]
    public sealed class Verification(Containerd2Node node) : VerificationTests(node);

    [Collection(Containerd2Collection.Name)]
    public sealed class Uninstallation(Containerd2Node node) : UninstallTests(node);

    [Collection(Containerd2Collection.Name)]
    public sealed class Crash(Containerd2Node node) : CrashTests(node);

    [Collection(Containerd2Collection.Name)]
    public sealed class DaemonSet(Containerd2Node node) : DaemonSetTests(node);

    [Collection(Containerd2Collection.Name)]
    public sealed class Race(Containerd2Node node) : RaceTests(node);
}
