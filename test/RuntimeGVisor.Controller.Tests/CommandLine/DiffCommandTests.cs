// SPDX-License-Identifier: Apache-2.0

namespace RuntimeGVisor.Controller.Tests.CommandLine;

public sealed class DiffCommandTests : IDisposable
{
    private const string DaemonSet = "DaemonSet kube-system/containerd-gvisor-pool";

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory();

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public async Task Equal_inputs_change_nothing()
    {
        var run = await DiffAsync(Runtime("net-raw: \"true\""), Runtime("net-raw: \"true\""));

        run.Output.Should().Be("Nothing changes.\n");
        run.ExitCode.Should().Be(0);
    }

    [Fact]
    public async Task A_flag_that_is_ignored_changes_nothing() =>
        (await DiffAsync(Runtime("net-raw: \"true\""), Runtime("net-raw: \"true\", netraw: \"true\""))).Output.Should().Be("Nothing changes.\n");

    [Fact]
    public async Task Another_flag_rolls_the_DaemonSet_and_restarts_containerd_once()
    {
        var run = await DiffAsync(Runtime("net-raw: \"true\""), Runtime("net-raw: \"false\", gso: \"false\""));

        const string Changes = "flag net-raw changes from \"true\" to \"false\"; flag gso changes from none to \"false\"";
        run.ExitCode.Should().Be(1);
        run.Output.Should().ContainAll("ConfigMap kube-system/containerd-gvisor-pool\n--- before\n+++ after\n", DaemonSet, "+          \"name\": \"gso\",");
        run.Output.Should().EndWith(
            $"{DaemonSet} rolls, 1 at a time: {Changes}.\ncontainerd restarts once on each node: {Changes}; running pods go on with what they have.\n");
    }

    [Fact]
    public async Task Another_directory_for_executables_restarts_containerd() =>
        (await DiffAsync(Runtime(""), Runtime("").Replace("/var/bin/containerruntimes", "/opt/bin", StringComparison.Ordinal))).Output.Should().Contain(
            "containerd restarts once on each node: binaryDirectory changes from \"/var/bin/containerruntimes\" to \"/opt/bin\"");

    [Fact]
    public async Task Another_selector_rolls_the_DaemonSet_and_leaves_containerd_alone() =>
        (await DiffAsync(Runtime(""), Runtime("").Replace("pool: pool", "pool: other", StringComparison.Ordinal))).Output.Should().EndWith(
            $"{DaemonSet} rolls, 1 at a time: its pod template changes.\ncontainerd does not restart.\n");

    [Fact]
    public async Task Another_pool_is_installed_and_the_old_one_left_alone() =>
        (await DiffAsync(Runtime(""), Runtime("").Replace("name: pool", "name: next", StringComparison.Ordinal))).Output.Should().ContainAll(
            "DaemonSet kube-system/containerd-gvisor-next is new: gVisor is installed on the pool's nodes.",
            $"{DaemonSet} is deleted: nothing looks after gVisor on the pool's nodes any more.");

    [Fact]
    public async Task A_live_cluster_that_cannot_be_asked_is_an_error_and_no_change()
    {
        var file = Path.Join(_directory.FullName, "runtime.yaml");
        await File.WriteAllTextAsync(file, Runtime(""), TestContext.Current.CancellationToken);
        var kubeconfig = Path.Join(_directory.FullName, "kubeconfig");
        await File.WriteAllTextAsync(kubeconfig, "a: {", TestContext.Current.CancellationToken);

        (await CommandLineRun.OfAsync("diff", file, "--kubeconfig", kubeconfig)).ExitCode.Should().Be(2);
    }

    [Theory]
    [InlineData("kind: ContainerRuntime", "kind: Network", "no object of kind ContainerRuntime")]
    [InlineData("type: gvisor", "type: kata", "spec.type: 'kata' is not allowed: gvisor")]
    [InlineData("configFlags: {}", "configFlags: 5", "could not decode provider config")]
    public async Task A_wrong_input_is_an_error(string original, string replacement, string error)
    {
        var run = await DiffAsync(Runtime(""), Runtime("").Replace(original, replacement, StringComparison.Ordinal));

        run.ExitCode.Should().Be(2);
        run.Error.Should().Contain(error);
    }

    private static string Runtime(string flags) => $$"""
        apiVersion: extensions.gardener.cloud/v1alpha1
        kind: ContainerRuntime
        metadata:
          name: gvisor-pool
          namespace: shoot--a--b
        spec:
          type: gvisor
          binaryPath: /var/bin/containerruntimes
          workerPool:
            name: pool
            selector:
              matchLabels:
                worker.gardener.cloud/pool: pool
          providerConfig:
            configFlags: {{{flags}}}
        """;

    private async Task<CommandLineRun> DiffAsync(string before, string after)
    {
        var (first, second) = (Path.Combine(_directory.FullName, "before.yaml"), Path.Combine(_directory.FullName, "after.yaml"));
        await File.WriteAllTextAsync(first, before);
        await File.WriteAllTextAsync(second, after);
        return await CommandLineRun.OfAsync("diff", first, second);
    }
}
