// SPDX-License-Identifier: Apache-2.0

using System.Globalization;
using ControlPlane;

namespace EndToEnd.Tests;

/// <summary>A real Kubernetes cluster of one node, seed and shoot in one, from <c>hack/cluster.sh</c>.</summary>
internal sealed class Cluster : IAsyncDisposable
{
    private static readonly TimeSpan BuildTimeout = TimeSpan.FromMinutes(25);
    private static readonly TimeSpan CommandTimeout = TimeSpan.FromMinutes(2);

    private const string NodePath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin";

    private readonly string _directory;
    private readonly string _kubectl;

    /// <summary>The node's init, by which programs get into it; another one after each boot.</summary>
    private string? _nodeProcess;

    private Cluster(string directory, string kubectl)
    {
        _directory = directory;
        _kubectl = kubectl;
        ControlPlane = LocalControlPlane.At(Path.Combine(directory, "control-plane"), new NetworkNamespace(Path.Combine(directory, "node", "network")));
    }

    public LocalControlPlane ControlPlane { get; }

    /// <summary>The API server, as cluster-admin.</summary>
    public ApiServer Api => ControlPlane.Api;

    /// <summary>The layer of the node's file system that holds everything by which it differs from the machine's own.</summary>
    public string NodeChanges => Path.Combine(NodeDirectory, "overlay", "upper");

    private string NodeDirectory => Path.Combine(_directory, "node");

    /// <summary>The root of the node's file system.</summary>
    private string NodeRoot => Path.Combine(NodeDirectory, "root");

    /// <summary>Starts it; the first start on a machine builds it, which takes minutes.</summary>
    public static async Task<Cluster> StartAsync(string containerdVersion, CancellationToken cancellationToken)
    {
        var directory = Directory.CreateTempSubdirectory("cluster-").FullName;
        var owner = new Dictionary<string, string?> { ["OWNER"] = Environment.ProcessId.ToString(CultureInfo.InvariantCulture) };
        await ChildProcess.GetOutputAsync([Script("cluster.sh"), "up", directory, containerdVersion], owner, BuildTimeout, cancellationToken);
        // One of Kubernetes' own test assets need not fit this cluster.
        var kubectl = await ChildProcess.GetOutputAsync(
            [Script("find-kubectl.sh")], new Dictionary<string, string?> { ["KUBEBUILDER_ASSETS"] = "" }, CommandTimeout, cancellationToken);
        return new Cluster(directory, kubectl.Trim());
    }

    public static string Script(string name) => Path.Combine(Repository.Root, "hack", name);

    /// <summary>Runs kubectl as cluster-admin, as <c>hack/cluster.sh kubectl</c> does by way of two scripts.</summary>
    public Task<string> KubectlAsync(params IEnumerable<string> arguments) =>
        RunAsync([.. ControlPlane.Network!.Enter([_kubectl, $"--kubeconfig={ControlPlane.AdminKubeconfig}", .. arguments])]);

    /// <summary>A text file of the node, without a program that reads it there.</summary>
    public Task<string> ReadOnNodeAsync(string path) =>
        File.ReadAllTextAsync(Path.Join(NodeRoot, path), TestContext.Current.CancellationToken);

    /// <summary>Runs a program on the node, as <c>hack/node-test-bed.sh into</c> does.</summary>
    public async Task<string> OnNodeAsync(params IEnumerable<string> command)
    {
        _nodeProcess ??= (await RunAsync([Script("node-test-bed.sh"), "leader", NodeDirectory])).Trim();
        return await RunAsync(["nsenter", "--all", $"--target={_nodeProcess}", "env", "-i", $"PATH={NodePath}", "HOME=/root", .. command]);
    }

    /// <summary>Makes an image known to the node's containerd.</summary>
    public async Task ImportAsync(string archive)
    {
        File.Copy(archive, Path.Combine(NodeDirectory, "shared", "image.tar"), overwrite: true);
        await OnNodeAsync("ctr", "-n", "k8s.io", "images", "import", "/shared/image.tar");
    }

    /// <summary>Pulls the plug of the node and boots it again.</summary>
    public Task RebootAsync()
    {
        _nodeProcess = null;
        return RunAsync([Script("cluster.sh"), "reboot", _directory]);
    }

    public Task<string> DescribeAsync(params IEnumerable<string> what) => KubectlAsync(["describe", .. what]);

    /// <summary>Identifies one run of a unit: it differs after a restart.</summary>
    public async Task<string> InvocationAsync(string unit) => (await OnNodeAsync("systemctl", "show", "--value", "-p", "InvocationID", unit)).Trim();

    public async ValueTask DisposeAsync()
    {
        ControlPlane.Api.Dispose();
        await RunAsync([Script("cluster.sh"), "down", _directory]);
    }

    private static Task<string> RunAsync(IReadOnlyList<string> command) =>
        ChildProcess.GetOutputAsync(command, null, CommandTimeout, TestContext.Current.CancellationToken);
}
