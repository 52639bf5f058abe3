// SPDX-License-Identifier: Apache-2.0

using System.Diagnostics;
using System.Text.Json.Nodes;
using ControlPlane;
using Xunit.v3;

namespace EndToEnd.Tests;

/// <summary>The life of gVisor in a shoot. Each step is a test and builds on those before it.</summary>
[TestCaseOrderer<UnorderedTestCaseOrderer>]
[TestMethodOrderer<UnorderedTestMethodOrderer>]
public abstract class Story(Landscape landscape) : IAsyncLifetime
{
    private const string Config = "/etc/containerd/config.toml";
    private const string Binaries = "/var/bin/containerruntimes";
    private const string Installer = "containerd-gvisor-sandboxed";
    private const string InstallerPath = $"/apis/apps/v1/namespaces/kube-system/daemonsets/{Installer}";
    private const string RuntimeClassPath = "/apis/node.k8s.io/v1/runtimeclasses/gvisor";
    private const string NodePath = $"/api/v1/nodes/{Landscape.Node}";
    private const string Shared = "extension-runtime-gvisor";
    private const string Installation = "extension-runtime-gvisor-installation-sandboxed";

    private readonly Stopwatch _elapsed = new();
    private readonly Pods _pods = new(landscape);

    private static string Step => TestContext.Current.TestMethod!.MethodName.Replace('_', ' ');

    private Cluster Cluster => landscape.Cluster;

    private StoryLog Log => landscape.Log;

    private Shoot Shoot => landscape.Shoot;

    public async ValueTask InitializeAsync()
    {
        Assert.SkipWhen(landscape.Unavailable is not null, landscape.Unavailable ?? "");
        Assert.True(landscape.FailedStep is null, $"not told: '{landscape.FailedStep}' failed before");
        _elapsed.Start();
        await Log.BeginAsync(Step);
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (!_elapsed.IsRunning)
        {
            return;
        }

        var failed = TestContext.Current.TestState is { Result: TestResult.Failed };
        landscape.FailedStep ??= failed ? Step : null;
        await Log.EndAsync(!failed, _elapsed.Elapsed);
    }

    [Fact]
    public async Task The_operator_installs_the_extension()
    {
        await landscape.Extension.PrepareNamespaceAsync();

        var (applied, left) = await landscape.Extension.InstallAsync(landscape.Images.Controller, landscape.Images.Installer);

        Log.Say($"chart applied in namespace {Extension.Namespace}: {string.Join(", ", applied)}");
        Log.Say($"not applied, this API server does not know them: {string.Join(", ", left)}");
        await WaitForControllerAsync();
        var lease = await Cluster.Api.GetAsync(ApiPaths.Leases(Extension.Namespace, "gardener-extension-heartbeat"));
        Log.Say($"the heartbeat that gardenlet looks at: renewed {lease["spec"]!["renewTime"]}");
        await ShowAsync("get", "deployments,pods", "-n", Extension.Namespace);
    }

    [Fact]
    public async Task A_normal_pod_runs_on_the_node()
    {
        await _pods.RunAsync("normal", runtimeClass: null);
        Remember("normal", await _pods.ContainerAsync("normal"));
        Remember("containerd", await Cluster.InvocationAsync("containerd.service"));

        await ShellAsync("normal", "uname -r");
    }

    [Fact]
    public async Task A_worker_pool_asks_for_gVisor_and_the_ContainerRuntime_succeeds()
    {
        // The label comes from the worker pool. The pool's other labels, by which the installer finds the node, come later in this story, so
        // that there is time to see a pod that waits.
        await LabelNodeAsync("containerruntime.worker.gardener.cloud/gvisor", "true");
        await Shoot.DeployAsync(Landscape.Pool);

        var runtime = await landscape.WaitUntilReadyAsync();

        Text(runtime["status"]!["lastOperation"]!["type"]).Should().Be("Create");
        Text(runtime["status"]!["lastOperation"]!["description"]).Should().Be("Successfully reconciled ContainerRuntime");
        await landscape.WaitAsync("RuntimeClass gvisor", async () => await Cluster.Api.FindAsync(RuntimeClassPath) is not null);
        await landscape.WaitAsync("DaemonSet of the installer", async () => await Cluster.Api.FindAsync(InstallerPath) is not null);
        var runtimeClass = await Cluster.Api.GetAsync(RuntimeClassPath);
        Text(runtimeClass["handler"]).Should().Be("runsc", "RuntimeClass gvisor must name the handler that the installer registers");
        await ShowAsync("get", "containerruntimes,managedresources", "-n", Shoot.Namespace);
        await DescribeAsync(["containerruntime", "-n", Shoot.Namespace], "Successfully reconciled ContainerRuntime", "Succeeded");
    }

    [Fact]
    public async Task A_pod_that_comes_before_gVisor_waits_and_says_why()
    {
        await _pods.CreateAsync("early", "gvisor");

        await landscape.WaitAsync(
            "Event at the waiting pod",
            async () => (await landscape.EventsAsync("default", "early")).Any(text => text.Contains("no runtime for \"runsc\" is configured", StringComparison.Ordinal)));

        Text((await _pods.GetAsync("early"))["status"]!["phase"]).Should().Be("Pending");
        await DescribeAsync(["pod", "early"], "FailedCreatePodSandBox", "no runtime for \"runsc\" is configured", "gvisor");
    }

    [Fact]
    public async Task The_installer_puts_gVisor_on_the_node_and_is_Ready()
    {
        await LabelNodeAsync("worker.gardener.cloud/pool", Landscape.Pool);

        await WaitForInstallerAsync();

        await ShowAsync("get", "daemonsets,pods", "-n", "kube-system");
        await ShowInstallerLogAsync();
        (await Cluster.InvocationAsync("containerd.service")).Should().NotBe(Recall("containerd"), "containerd has to learn the handler");
        Remember("containerd", await Cluster.InvocationAsync("containerd.service"));
        await WaitForHealthAsync();
        await DescribeAsync(["daemonset", Installer, "-n", "kube-system"], "Pods Status:  1 Running", landscape.Images.Installer.Reference);
        await DescribeAsync(["managedresource", Installation, "-n", Shoot.Namespace], "All resources are healthy.", Installer);
    }

    [Fact]
    public async Task The_waiting_pod_comes_up_by_itself()
    {
        await _pods.WaitUntilRunningAsync("early");

        Remember("early", await _pods.ContainerAsync("early"));
        await ShowAsync("get", "pods", "-o", "wide");
    }

    [Fact]
    public async Task Inside_of_it_is_gVisors_kernel()
    {
        (await ShellAsync("early", "dmesg | head -1")).Should().Contain("Starting gVisor");
        (await ShellAsync("early", "uname -r")).Should().Contain("4.4.0");
        await ShouldRunVersionAsync("early", Images.OldGVisor);
    }

    [Fact]
    public async Task The_checks_of_Gardeners_integration_test_hold()
    {
        // On the node: both executables in the binary directory, and exactly two lines of configuration that name the handler.
        await Cluster.OnNodeAsync("test", "-f", $"{Binaries}/runsc", "-a", "-f", $"{Binaries}/containerd-shim-runsc-v1");
        (await Cluster.OnNodeAsync("grep", "-c", "containerd.runtimes.runsc", Config)).Trim().Should().Be("2");
        (await _pods.ShellAsync("early", "dmesg | grep -i -c gvisor")).Trim().Should().Be("1");
    }

    [Fact]
    public async Task Raw_sockets_are_closed_as_long_as_nobody_opens_them() => (await CanSendRawAsync("early")).Should().BeFalse();

    [Fact]
    public async Task The_normal_pod_beside_it_is_untouched() => await ShouldBeUntouchedAsync("normal");

    [Fact]
    public async Task A_changed_flag_holds_for_new_pods_and_old_ones_keep_theirs()
    {
        var generation = await InstallerGenerationAsync();
        await Shoot.DeployAsync(Landscape.Pool, Shoot.ProviderConfig(("net-raw", "true")));
        await landscape.WaitUntilReadyAsync();
        await WaitForRolloutAsync(generation);

        await _pods.RunAsync("raw", "gvisor");

        (await CanSendRawAsync("raw")).Should().BeTrue("net-raw is on for pods that start now");
        (await CanSendRawAsync("early")).Should().BeFalse("the old sandbox keeps what it was started with");
        (await Cluster.InvocationAsync("containerd.service")).Should().NotBe(Recall("containerd"), "the handler names another file now");
        await ShouldBeUntouchedAsync("early");
        await ShouldBeUntouchedAsync("normal");
        Remember("raw", await _pods.ContainerAsync("raw"));
    }

    [Fact]
    public async Task The_control_plane_moves_to_another_seed_and_the_pods_go_on()
    {
        var generation = await InstallerGenerationAsync();
        await Shoot.AnnotateAsync(Landscape.Pool, "migrate");
        await landscape.WaitAsync(
            "Migrate Succeeded", () => Shoot.GetAsync(Landscape.Pool), value => State(value) == ("Migrate", "Succeeded") && value["metadata"]!["finalizers"] is null);
        (await Shoot.ManagedResourcesAsync()).Should().BeEmpty();
        await Shoot.DeleteAsync(Landscape.Pool);
        (await Shoot.FindAsync(Landscape.Pool)).Should().BeNull();
        Log.Say("the source seed has let go: ContainerRuntime and ManagedResources are gone, everything in the shoot is there");
        await ShouldBeAliveAsync("early", "raw", "normal");

        await Shoot.DeployAsync(Landscape.Pool, Shoot.ProviderConfig(("net-raw", "true")), operation: "wait-for-state");
        await Shoot.AnnotateAsync(Landscape.Pool, "restore");
        var runtime = await landscape.WaitUntilReadyAsync();

        State(runtime).Should().Be(("Restore", "Succeeded"));
        await WaitForHealthAsync();
        (await InstallerGenerationAsync()).Should().Be(generation, "the installer is the same and must not roll");
        Log.Say("the destination seed has taken over; the installer was not rolled");
        await ShouldBeAliveAsync("early", "raw", "normal");
    }

    [Fact]
    public async Task The_operator_upgrades_gVisor_and_old_pods_live_on_the_old_version()
    {
        var generation = await InstallerGenerationAsync();
        await landscape.Extension.InstallAsync(landscape.Images.Controller, landscape.Images.NewerInstaller);
        await WaitForControllerAsync();
        Log.Say($"image vector: {landscape.Images.NewerInstaller.Reference}");
        await Shoot.DeployAsync(Landscape.Pool, Shoot.ProviderConfig(("net-raw", "true")));
        await landscape.WaitUntilReadyAsync();
        await WaitForRolloutAsync(generation);
        await ShowInstallerLogAsync();

        await _pods.RunAsync("young", "gvisor");

        await ShouldRunVersionAsync("early", Images.OldGVisor);
        await ShouldRunVersionAsync("young", Images.NewGVisor);
        await ShouldBeAliveAsync("early", "raw", "normal", "young");
    }

    [Fact]
    public async Task The_node_reboots_and_everything_comes_back_by_itself()
    {
        var boot = await Cluster.OnNodeAsync("stat", "-c", "%Y", "/run/systemd/system");
        await Cluster.RebootAsync();
        (await Cluster.OnNodeAsync("stat", "-c", "%Y", "/run/systemd/system")).Should().NotBe(boot);

        foreach (var name in (string[])["early", "raw", "young", "normal"])
        {
            await landscape.WaitAsync(
                $"pod {name} restarted",
                () => _pods.GetAsync(name),
                pod => Pods.IsReady(pod) && (int?)pod["status"]!["containerStatuses"]![0]!["restartCount"] >= 1,
                seconds: 180);
            Log.Say($"pod {name} has restarted");
        }

        await WaitForInstallerAsync();
        await WaitForHealthAsync();
        await ShowAsync("get", "pods", "-A", "-o", "wide");
        await ShouldBeAliveAsync("early", "raw", "young", "normal");
        await ShouldRunVersionAsync("early", Images.NewGVisor);
        (await CanSendRawAsync("early")).Should().BeTrue("its sandbox is a new one");
        foreach (var name in (string[])["early", "normal"])
        {
            Remember(name, await _pods.ContainerAsync(name));
        }
    }

    [Fact]
    public async Task The_pool_gives_gVisor_up_and_a_running_sandbox_lives_until_it_is_deleted()
    {
        await Task.WhenAll(_pods.DeleteAsync("raw"), _pods.DeleteAsync("young"));
        await LabelNodeAsync("containerruntime.worker.gardener.cloud/gvisor", null);

        await Shoot.DeleteAsync(Landscape.Pool);

        const string Waiting = "Deleting the ContainerRuntime: waiting for the nodes of worker pool 'sandboxed' to take gVisor away";
        await landscape.WaitAsync(
            "a status that says who is waited for",
            () => Shoot.GetAsync(Landscape.Pool),
            value => Text(value["status"]?["lastOperation"]?["description"])?.StartsWith(Waiting, StringComparison.Ordinal) == true);
        await DescribeAsync(["containerruntime", "-n", Shoot.Namespace], Waiting);
        await landscape.WaitAsync(
            "handler taken out of containerd's configuration",
            async () => !(await Cluster.ReadOnNodeAsync(Config)).Contains("runsc", StringComparison.Ordinal));
        await ShouldBeAliveAsync("early", "normal");
        await ShouldHaveLetGoAsync();
        await ShouldBeAliveAsync("early", "normal");
        await ShouldRunVersionAsync("early", Images.NewGVisor);
        await _pods.DeleteAsync("early");
    }

    [Fact]
    public async Task The_pool_can_have_gVisor_again()
    {
        await LabelNodeAsync("containerruntime.worker.gardener.cloud/gvisor", "true");
        await Shoot.DeployAsync(Landscape.Pool);
        await landscape.WaitUntilReadyAsync();
        await landscape.WaitAsync("DaemonSet of the installer", async () => await Cluster.Api.FindAsync(InstallerPath) is not null);
        await WaitForInstallerAsync();

        await _pods.RunAsync("again", "gvisor");

        (await ShellAsync("again", "dmesg | head -1")).Should().Contain("Starting gVisor");
        await _pods.DeleteAsync("again");
    }

    [Fact]
    public async Task When_no_sandbox_is_left_the_node_becomes_what_it_was_file_by_file()
    {
        await LabelNodeAsync("containerruntime.worker.gardener.cloud/gvisor", null);
        await Shoot.DeleteAsync(Landscape.Pool);

        await ShouldHaveLetGoAsync();

        // The kubelet makes the mount points of the installer's pod, and a pod cannot take its own mount point away: one empty directory stays.
        landscape.FirstSnapshot.DifferencesTo(NodeSnapshot.Take(Cluster.NodeChanges)).Should().BeSubsetOf(["added: /var/lib/gvisor-node-installer"]);
        Log.Say($"{landscape.FirstSnapshot.Files.Count} files and directories of the node are what they were; /var/lib/gvisor-node-installer is empty");
        await ShouldBeUntouchedAsync("normal");
    }

    [Fact]
    public async Task The_shoot_is_deleted_by_force_and_nothing_waits()
    {
        await Shoot.DeployAsync(Landscape.Pool);
        await landscape.WaitUntilReadyAsync();
        await Shoot.WaitUntilAppliedAsync();

        // Nobody deletes objects in a shoot that is broken: its resource manager is down.
        await Shoot.SetResourceManagerDelayAsync("down");
        await Shoot.UpdateClusterAsync(Shoot.ClusterSpec(forceDeletion: true));
        var started = Stopwatch.StartNew();

        await Shoot.DeleteAsync(Landscape.Pool);
        await landscape.WaitAsync("ContainerRuntime gone", async () => await Shoot.FindAsync(Landscape.Pool) is null);

        Log.Say($"the ContainerRuntime was gone after {started.ElapsedMilliseconds} ms");
        started.Elapsed.Should().BeLessThan(TimeSpan.FromSeconds(15));
        (await Shoot.ManagedResourcesAsync()).Values.Should().AllSatisfy(
            resource => resource["metadata"]!["deletionTimestamp"].Should().NotBeNull("the extension has asked for the deletion; gardenlet does the rest"));
    }

    private static string Text(JsonNode? value) => (string)value!;

    private static (string Type, string State) State(JsonObject runtime) =>
        (Text(runtime["status"]?["lastOperation"]?["type"]), Text(runtime["status"]?["lastOperation"]?["state"]));

    private void Remember(string name, string value) => landscape.Notes[name] = value;

    private string Recall(string name) => landscape.Notes[name];

    private async Task WaitForControllerAsync()
    {
        await landscape.WaitAsync(
            "both replicas of the controller",
            () => Cluster.Api.GetAsync($"/apis/apps/v1/namespaces/{Extension.Namespace}/deployments/{Extension.Name}"),
            value => (long?)value["status"]?["observedGeneration"] == (long)value["metadata"]!["generation"]!
                && (int?)value["status"]!["updatedReplicas"] == 2 && (int?)value["status"]!["availableReplicas"] == 2);

        // A replica of before that is about to end may still lead, and would answer with the image that it knows.
        await landscape.WaitAsync(
            "the end of the replicas of before",
            async () => (await Cluster.Api.ListAsync($"/api/v1/namespaces/{Extension.Namespace}/pods")).Count == 2);
    }

    private async Task<long> InstallerGenerationAsync() => (long)(await Cluster.Api.GetAsync(InstallerPath))["metadata"]!["generation"]!;

    private async Task WaitForRolloutAsync(long generation)
    {
        await landscape.WaitAsync("installer rolled out anew", async () => await InstallerGenerationAsync() > generation);
        await WaitForInstallerAsync();
    }

    private Task WaitForInstallerAsync() => landscape.WaitAsync(
        "installer Ready on the node",
        () => Cluster.Api.GetAsync(InstallerPath),
        value => (long?)value["status"]?["observedGeneration"] == (long)value["metadata"]!["generation"]!
            && (int?)value["status"]!["updatedNumberScheduled"] == 1 && (int?)value["status"]!["numberReady"] == 1);

    /// <summary>Both ManagedResources are applied, healthy and rolled out.</summary>
    private Task WaitForHealthAsync() => landscape.WaitAsync(
        "ManagedResources healthy",
        Shoot.ManagedResourcesAsync,
        resources => resources.Keys.Order(StringComparer.Ordinal).SequenceEqual([Shared, Installation]) && resources.Values.All(resource =>
            Has(resource, "ResourcesApplied", "True") && Has(resource, "ResourcesHealthy", "True") && Has(resource, "ResourcesProgressing", "False")));

    private static bool Has(JsonObject resource, string type, string status) =>
        resource["status"]?["conditions"]?.AsArray().Any(condition => (string?)condition!["type"] == type && (string?)condition["status"] == status) == true;

    /// <summary>gVisor is given up: nothing of it is left in the API, neither in the seed nor in the shoot.</summary>
    private async Task ShouldHaveLetGoAsync()
    {
        // Nodes get 90 s for it; objects are deleted after that.
        await landscape.WaitAsync("ContainerRuntime gone", async () => await Shoot.FindAsync(Landscape.Pool) is null, seconds: 180);
        (await Shoot.ManagedResourcesAsync()).Should().BeEmpty();
        (await Cluster.Api.FindAsync(RuntimeClassPath)).Should().BeNull();
        (await Cluster.Api.FindAsync(InstallerPath)).Should().BeNull();
    }

    private Task LabelNodeAsync(string label, string? value) => Cluster.Api.PatchAsync(
        NodePath, new JsonObject { ["metadata"] = new JsonObject { ["labels"] = new JsonObject { [label] = value } } });

    private async Task ShowAsync(params string[] arguments) => Log.Show($"kubectl {string.Join(' ', arguments)}", await Cluster.KubectlAsync(arguments));

    private async Task<string> ShellAsync(string pod, string commandLine)
    {
        var output = await _pods.ShellAsync(pod, commandLine);
        Log.Show($"kubectl exec {pod} -- {commandLine}", output);
        return output;
    }

    private async Task ShowInstallerLogAsync()
    {
        var log = await Cluster.KubectlAsync("logs", "-n", "kube-system", $"daemonset/{Installer}");
        Log.Show(
            $"kubectl logs -n kube-system daemonset/{Installer}",
            string.Join('\n', log.Split('\n').Where(line => line.StartsWith('{')).Select(line => Text(JsonNode.Parse(line)!["msg"]))));
    }

    /// <summary>What <c>kubectl describe</c> prints tells a person what is going on.</summary>
    private async Task DescribeAsync(string[] what, params string[] phrases)
    {
        var text = await Cluster.DescribeAsync(what);
        foreach (var phrase in phrases)
        {
            text.Should().Contain(phrase);
        }

        Log.Say($"$ kubectl describe {string.Join(' ', what)}   tells: {string.Join(" | ", phrases)}");
    }

    /// <summary>Whether a raw socket can be opened, which <c>ping</c> needs.</summary>
    private async Task<bool> CanSendRawAsync(string pod)
    {
        var output = await ShellAsync(pod, "ping -c 1 -W 2 127.0.0.1 2>&1 | head -2");
        return output.Contains("64 bytes from", StringComparison.Ordinal);
    }

    private async Task ShouldRunVersionAsync(string pod, string version)
    {
        var program = await _pods.SandboxExecutableAsync(pod);
        Log.Say($"pod {pod} runs in {program}");
        program.Should().Contain($"/{version}-");
    }

    /// <summary>The container that was started at first still runs.</summary>
    private async Task ShouldBeUntouchedAsync(string pod)
    {
        (await _pods.ContainerAsync(pod)).Should().Be(Recall(pod), $"{pod} must not be restarted");
        await ShouldBeAliveAsync(pod);
    }

    private async Task ShouldBeAliveAsync(params string[] pods)
    {
        var answers = await Task.WhenAll(pods.Select(pod => _pods.ShellAsync(pod, "echo alive")));
        foreach (var (pod, answer) in pods.Zip(answers))
        {
            answer.Trim().Should().Be("alive", $"pod {pod} does what it is asked to");
        }

        Log.Say($"alive: {string.Join(", ", pods)}");
    }
}
