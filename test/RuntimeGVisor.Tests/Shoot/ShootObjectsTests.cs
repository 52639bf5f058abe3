// SPDX-License-Identifier: Apache-2.0

using System.Text;
using CsCheck;
using RuntimeGVisor.NodeConfiguration;
using RuntimeGVisor.Shoot;
using k8s.Models;

namespace RuntimeGVisor.Tests.Shoot;

public sealed class ShootObjectsTests
{
    private static readonly WorkerPoolInput Pool = new()
    {
        PoolName = "pool-a",
        BinaryPath = "/var/bin/containerruntimes",
        Image = "r.example/runtime-gvisor-installation:v1.2.3",
        Selector = new()
        {
            MatchLabels = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["worker.gardener.cloud/pool"] = "pool-a",
                ["worker.garden.sapcloud.io/group"] = "pool-a",
            },
        },
    };

    public static TheoryData<string, WorkerPoolInput> GoldenPools() => new()
    {
        { "pool-plain.yaml", Pool },
        { "pool-debug.yaml", Pool with { RunscFlags = Flags(("debug", "true"), ("net-raw", "true"), ("platform", "systrap")) } },
        { "pool-critical.yaml", Pool with { IsCriticalForNode = true } },
        { "pool-expressions.yaml", Pool with { Selector = Expressions(("zone", "NotIn", ["a", "b"]), ("gpu", "Exists", [])) } },
        { "pool-uninstalled.yaml", Pool with { DesiredState = DesiredState.Uninstalled, RunscFlags = Flags(("debug", "true")) } },
    };

    [Fact]
    public void The_shared_objects_are_these() => Golden.Verify(ShootObjects.Shared().ToYaml(), "shared.yaml");

    [Theory]
    [MemberData(nameof(GoldenPools))]
    public void The_objects_of_a_pool_are_these(string file, WorkerPoolInput pool) => Golden.Verify(ShootObjects.ForWorkerPool(pool).ToYaml(), file);

    [Fact]
    public void Equal_input_gives_equal_bytes() => Pools().Sample(pool =>
        ShootObjects.ForWorkerPool(pool).ToYaml() == ShootObjects.ForWorkerPool(Rebuilt(pool)).ToYaml());

    [Fact]
    public void The_installer_reads_the_configuration_that_it_gets() => Pools().Sample(pool =>
    {
        var (configMap, _) = Render(pool);
        var configuration = NodeInstallerConfigurationFile.Read(Encoding.UTF8.GetBytes(configMap.Data[NodeInstallerConfiguration.FileName]));

        configuration.WorkerPool.Should().Be(pool.PoolName);
        configuration.BinaryDirectory.Should().Be(pool.BinaryPath);
        configuration.DesiredState.Should().Be(pool.DesiredState);
        configuration.RunscFlags.Should().Equal(pool.DesiredState == DesiredState.Installed ? pool.RunscFlags : []);
    });

    [Fact]
    public void A_changed_flag_changes_the_name_of_the_ConfigMap_and_rolls_the_pods()
    {
        var (before, daemonSetBefore) = Render(Pool);
        var (after, daemonSetAfter) = Render(Pool with { RunscFlags = Flags(("net-raw", "true")) });

        after.Metadata.Name.Should().NotBe(before.Metadata.Name).And.MatchRegex("^containerd-gvisor-pool-a-[0-9a-f]{8}$");
        daemonSetAfter.Metadata.Name.Should().Be(daemonSetBefore.Metadata.Name);
        daemonSetAfter.Spec.Template.Should().NotBeEquivalentTo(daemonSetBefore.Spec.Template);
    }

    [Fact]
    public void The_ConfigMap_is_kept_from_the_garbage_collector_by_all_that_use_it() => Pools().Sample(pool =>
    {
        var (configMap, daemonSet) = Render(pool);

        configMap.Immutable.Should().BeTrue();
        configMap.Metadata.Labels["resources.gardener.cloud/garbage-collectable-reference"].Should().Be("true");
        foreach (var annotations in new[] { daemonSet.Metadata.Annotations, daemonSet.Spec.Template.Metadata.Annotations })
        {
            annotations.Should().ContainSingle(annotation => annotation.Key.StartsWith("reference.resources.gardener.cloud/configmap-", StringComparison.Ordinal))
                .Which.Value.Should().Be(configMap.Metadata.Name);
        }
    });

    [Fact]
    public void Two_pools_share_the_selector_of_the_Go_extension_and_their_pods_carry_the_pool()
    {
        var (_, one) = Render(Pool);
        var (_, other) = Render(Pool with { PoolName = "pool-b" });

        other.Metadata.Name.Should().NotBe(one.Metadata.Name);
        foreach (var (daemonSet, pool) in ((V1DaemonSet, string)[])[(one, "pool-a"), (other, "pool-b")])
        {
            daemonSet.Spec.Selector.MatchLabels.Should().Equal(
                new Dictionary<string, string>(StringComparer.Ordinal) { ["app.kubernetes.io/name"] = "containerd-gvisor" });
            daemonSet.Spec.Template.Metadata.Labels.Should().Contain(daemonSet.Spec.Selector.MatchLabels)
                .And.Contain("worker.gardener.cloud/pool", pool);
        }
    }

    [Theory]
    [InlineData(null, 1)]
    [InlineData(0, 1)]
    [InlineData(6, 1)]
    [InlineData(19, 1)]
    [InlineData(20, 2)]
    [InlineData(250, 25)]
    public void A_rollout_takes_a_tenth_of_the_pools_maximum_and_never_less_than_one_node(int? maximum, int maxUnavailable) =>
        MaxUnavailableOf(Pool with { PoolMaximum = maximum }).Should().Be(maxUnavailable.ToString());

    [Fact]
    public void No_rollout_is_bounded_by_a_percentage() => Pools().Sample(pool => int.TryParse(MaxUnavailableOf(pool), out _));

    [Fact]
    public void A_changed_maximum_of_the_pool_changes_no_pod()
    {
        var (configMap, daemonSet) = Render(Pool with { PoolMaximum = 6 });
        var (otherConfigMap, otherDaemonSet) = Render(Pool with { PoolMaximum = 60 });

        otherConfigMap.Should().BeEquivalentTo(configMap);
        otherDaemonSet.Spec.Template.Should().BeEquivalentTo(daemonSet.Spec.Template);
    }

    [Fact]
    public void The_selector_is_laid_over_the_label_for_containerd()
    {
        var selector = new V1LabelSelector { MatchLabels = new Dictionary<string, string>(StringComparer.Ordinal) { ["worker.gardener.cloud/cri-name"] = "other", ["a"] = "b" } };

        Render(Pool with { Selector = selector }).DaemonSet.Spec.Template.Spec.NodeSelector
            .Should().Equal(new Dictionary<string, string>(StringComparer.Ordinal) { ["a"] = "b", ["worker.gardener.cloud/cri-name"] = "other" });
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Without_labels_to_match_all_nodes_with_containerd_are_meant(bool empty) =>
        Render(Pool with { Selector = empty ? new() : null }).DaemonSet.Spec.Template.Spec.NodeSelector
            .Should().Equal(new Dictionary<string, string>(StringComparer.Ordinal) { ["worker.gardener.cloud/cri-name"] = "containerd" });

    [Fact]
    public void The_container_has_no_privilege_of_the_host()
    {
        var pod = Render(Pool).DaemonSet.Spec.Template.Spec;

        (pod.HostPID, pod.HostIPC, pod.HostNetwork).Should().Be((null, null, null));
        pod.AutomountServiceAccountToken.Should().BeFalse();
        pod.Volumes.Where(volume => volume.HostPath is not null).Should().NotContain(volume => volume.HostPath.Path == "/");
        var security = pod.Containers.Should().ContainSingle().Subject.SecurityContext;
        (security.Privileged, security.AllowPrivilegeEscalation, security.ReadOnlyRootFilesystem).Should().Be((false, false, true));
        security.Capabilities.Drop.Should().Equal("ALL");
        security.Capabilities.Add.Should().BeNull();
    }

    /// <summary>A changed input and the error that it gives.</summary>
    public static TheoryData<WorkerPoolInput, string> WrongInputs()
    {
        const string Label = "1 to 63 lower-case letters, digits and '-', with a letter or digit at both ends";
        const string Path = "an absolute path of at most 255 characters without '.', '..' or empty parts, of letters, digits and the characters '/', '.', '_', '-'";
        return new()
        {
            { Pool with { PoolName = null }, $"spec.workerPool.name: \"\" is not allowed: {Label}" },
            { Pool with { PoolName = "" }, $"spec.workerPool.name: \"\" is not allowed: {Label}" },
            { Pool with { PoolName = "a/b" }, $"spec.workerPool.name: \"a/b\" is not allowed: {Label}" },
            { Pool with { BinaryPath = null }, $"spec.binaryPath: \"\" is not allowed: {Path}" },
            { Pool with { BinaryPath = "bin" }, $"spec.binaryPath: \"bin\" is not allowed: {Path}" },
            { Pool with { BinaryPath = "/var/../etc" }, $"spec.binaryPath: \"/var/../etc\" is not allowed: {Path}" },
            { Pool with { Selector = Expressions(("a", "Gt", ["1"])) }, "spec.workerPool.selector.matchExpressions[0].operator: \"Gt\" is not allowed: one of In, NotIn, Exists, DoesNotExist" },
            { Pool with { Selector = Expressions(("a", "In", ["1"]), ("a", "in", ["1"])) }, "spec.workerPool.selector.matchExpressions[1].operator: \"in\" is not allowed: one of In, NotIn, Exists, DoesNotExist" },
            { Pool with { Selector = Expressions(("a", null, ["1"])) }, "spec.workerPool.selector.matchExpressions[0].operator: \"\" is not allowed: one of In, NotIn, Exists, DoesNotExist" },
            { Pool with { Selector = Expressions(("a", "In", [])) }, "spec.workerPool.selector.matchExpressions[0].values: In, NotIn need at least one value" },
            { Pool with { Selector = Expressions(("a", "DoesNotExist", ["1"])) }, "spec.workerPool.selector.matchExpressions[0].values: \"1\" is not allowed: Exists, DoesNotExist take no values" },
            { Pool with { Selector = Expressions((null, "Exists", [])) }, "spec.workerPool.selector.matchExpressions[0].key: \"\" is not allowed: the key of a label" },
        };
    }

    [Theory]
    [MemberData(nameof(WrongInputs))]
    public void What_cannot_be_rendered_is_an_error_with_field_value_and_what_is_allowed(WorkerPoolInput pool, string error) =>
        FluentActions.Invoking(() => ShootObjects.ForWorkerPool(pool)).Should().Throw<ContainerRuntimeSpecException>()
            .Which.Errors.Select(e => e.ToString()).Should().Equal(error);

    private static string MaxUnavailableOf(WorkerPoolInput pool) => Render(pool).DaemonSet.Spec.UpdateStrategy.RollingUpdate.MaxUnavailable.Value;

    private static (V1ConfigMap ConfigMap, V1DaemonSet DaemonSet) Render(WorkerPoolInput pool)
    {
        var objects = ShootObjects.ForWorkerPool(pool).Objects;
        return (objects.OfType<V1ConfigMap>().Single(), objects.OfType<V1DaemonSet>().Single());
    }

    private static Gen<WorkerPoolInput> Pools() =>
        from name in Gen.OneOf("a", "pool-1", new string('z', 63))
        from path in Gen.OneOf("/var/bin/containerruntimes", "/opt/x")
        from image in Gen.OneOf("r.example/x:v1", "r.example/x@sha256:abc")
        from labels in Gen.Dictionary(Gen.OneOf("a", "b", "c", "worker.gardener.cloud/pool"), Gen.OneOf("", "1", "true", "x"))[0, 4]
        from state in Gen.OneOf(DesiredState.Installed, DesiredState.Uninstalled)
        from flags in Gen.Dictionary(Gen.OneOf("debug", "net-raw", "nvproxy", "gso", "nonsense"), Gen.OneOf("true", "false"))[0, 5]
        from critical in Gen.Bool
        from maximum in Gen.Int[0, 1000]
        select new WorkerPoolInput
        {
            PoolName = name,
            BinaryPath = path,
            Image = image,
            Selector = new() { MatchLabels = labels },
            DesiredState = state,
            RunscFlags = RunscFlags.Select(flags).Lines,
            IsCriticalForNode = critical,
            PoolMaximum = maximum,
        };

    // The same input as another process would build it: other instances, other order of the labels.
    private static WorkerPoolInput Rebuilt(WorkerPoolInput pool) => pool with
    {
        Selector = new() { MatchLabels = pool.Selector!.MatchLabels.Reverse().ToDictionary(StringComparer.Ordinal) },
        RunscFlags = [.. pool.RunscFlags.Select(flag => new RunscFlagValue(flag.Name, flag.Value))],
    };

    private static IReadOnlyList<RunscFlagValue> Flags(params (string Name, string Value)[] flags) =>
        RunscFlags.Select(flags.Select(flag => KeyValuePair.Create(flag.Name, flag.Value))).Lines;

    private static V1LabelSelector Expressions(params (string? Key, string? Operator, string[] Values)[] expressions) => new()
    {
        MatchExpressions = [.. expressions.Select(e => new V1LabelSelectorRequirement { Key = e.Key, OperatorProperty = e.Operator, Values = e.Values })],
    };
}
