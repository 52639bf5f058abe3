// SPDX-License-Identifier: Apache-2.0

using System.Collections.Concurrent;
using System.Net;
using ControlPlane;
using Grpc.Core;
using NodeTestBed.Cri;

namespace NodeTestBed;

/// <summary>
/// A systemd node with containerd, booted once by <c>hack/node-test-bed.sh</c> and brought back to its first state as often as it is wanted.
/// </summary>
public class TestNode(string containerdVersion) : IAsyncDisposable
{
    public const string BinaryDirectory = "/var/bin/containerruntimes";
    public const string StateDirectory = "/var/lib/gvisor-node-installer";

    private static readonly string[] Versions = ["1.6", "1.7", "2"];

    /// <summary>Debian 12's own containerd: a machine that cannot have a node with it cannot test the installer.</summary>
    private const string RequiredVersion = "1.6";

    private const string DirectoryPrefix = "node-tests.";

    private const string ResetScript =
        """
        rm -rf /etc/containerd
        cp -a /shared/first-state /etc/containerd
        if [ -e /etc/systemd/system/containerd.service.d/test.conf ]; then
          rm /etc/systemd/system/containerd.service.d/test.conf
          systemctl daemon-reload
        fi
        systemctl reset-failed containerd.service
        # A containerd that is ended while a sandbox starts can leave a shim that answers nobody: the next containerd waits for it and never comes up.
        if ! timeout 20 systemctl restart containerd.service; then
          systemctl stop containerd.service || true
          pkill -KILL containerd-shim || true
          systemctl reset-failed containerd.service
          systemctl restart containerd.service
        fi
        """;

    private string? _directory;
    private string _parts = "";
    private ContainerRuntime? _runtime;
    private HttpClient? _http;
    private readonly ConcurrentDictionary<string, InstallerImage> _images = new(StringComparer.Ordinal);

    public string ContainerdVersion => containerdVersion;

    /// <summary>What containerd says of itself.</summary>
    public string Containerd { get; private set; } = "";

    /// <summary>Why there is no such node on this machine; null when there is one.</summary>
    public string? Unavailable { get; private set; }

    /// <summary>The versions of containerd with which this machine can have a node.</summary>
    public IReadOnlyList<string> AvailableVersions => [.. Versions.Where(version => Directory.Exists(LayerOf(version)))];

    /// <summary>The version of the configuration that the node comes up with.</summary>
    public int ConfigurationVersion => containerdVersion.StartsWith("1.", StringComparison.Ordinal) ? 2 : 3;

    /// <summary>Process of the node's init as the tests see it.</summary>
    public int Leader { get; private set; }

    public ContainerRuntime Runtime => _runtime ?? throw new InvalidOperationException("the node is not up");

    /// <summary>A directory of the machine that the node sees as /shared.</summary>
    public string SharedDirectory => Path.Combine(_directory ?? throw new InvalidOperationException("the node is not up"), "shared");

    /// <summary>Where the tests see a file of the node, also those on its in-memory file systems.</summary>
    public string PathOf(string path) => $"/proc/{Leader}/root{path}";

    /// <summary>The directory with runsc and shim of a gVisor version, on the machine.</summary>
    public string GVisor(string version) => Path.Combine(_parts, "gvisor", version);

    /// <summary>The installer's image with a gVisor version.</summary>
    public InstallerImage Image(string version) => _images.GetOrAdd(version, CreateImage);

    /// <summary>Boots the node.</summary>
    public async Task StartAsync()
    {
        if (!File.Exists(Repository.InstallerExecutable))
        {
            throw new FileNotFoundException(
                $"the installer must be published first, to {Repository.InstallerExecutable} or to where NODE_INSTALLER_EXECUTABLE says");
        }

        var provided = await ChildProcess.RunAsync([Repository.Script("node-test-bed.sh"), "provide"], TimeSpan.FromMinutes(15));
        _parts = provided.EnsureSuccess().Output.Trim();
        if (!Directory.Exists(LayerOf(containerdVersion)))
        {
            Unavailable = $"no package of containerd {containerdVersion} can be had on this machine";
            if (containerdVersion == RequiredVersion)
            {
                throw new InvalidOperationException($"{Unavailable}\n{provided}");
            }

            return;
        }

        await RemoveNodesOfKilledRunsAsync();
        _directory = Path.Combine(Path.GetTempPath(), $"{DirectoryPrefix}{Environment.ProcessId}.{containerdVersion}");
        var up = await ChildProcess.RunAsync([Repository.Script("node-test-bed.sh"), "up", _directory, containerdVersion], TimeSpan.FromMinutes(1));
        up.EnsureSuccess();
        var leader = await ChildProcess.RunAsync([Repository.Script("node-test-bed.sh"), "leader", _directory]);
        Leader = int.Parse(leader.EnsureSuccess().Output.Trim());
        _runtime = new(PathOf("/run/containerd/containerd.sock"));
        _http = new(new SocketsHttpHandler
        {
            ConnectCallback = new NetworkNamespace($"/proc/{Leader}/ns/net").ConnectAsync,
            UseProxy = false,
            // Each answer comes from whoever listens now: installers follow each other at the same address.
            PooledConnectionLifetime = TimeSpan.Zero,
        })
        { Timeout = TimeSpan.FromSeconds(5) };
        (await ChildProcess.RunAsync(["cp", "-a", PathOf("/etc/containerd"), Path.Combine(SharedDirectory, "first-state")])).EnsureSuccess();
        var containerd = await RunAsync("containerd", "--version");
        Containerd = containerd.EnsureSuccess().Output.Trim();
    }

    public async ValueTask DisposeAsync()
    {
        _runtime?.Dispose();
        _http?.Dispose();
        if (_directory is not null)
        {
            var down = await ChildProcess.RunAsync([Repository.Script("node-test-bed.sh"), "down", _directory]);
            down.EnsureSuccess();
        }

        GC.SuppressFinalize(this);
    }

    /// <summary>Starts a program in the node.</summary>
    public ChildProcess Start(params string[] command) => ChildProcess.Start(
        ["nsenter", "--all", "--target", $"{Leader}", "env", "-i", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin", .. command]);

    /// <summary>Runs a program in the node.</summary>
    public async Task<CommandResult> RunAsync(params string[] command)
    {
        await using var started = Start(command);

        // A reset may take 20 s to find containerd stuck, and the 90 s that systemd gives it to stop.
        return await started.EndAsync(TimeSpan.FromMinutes(2));
    }

    /// <summary>Makes an image of the installer known to containerd.</summary>
    /// <returns>Its name.</returns>
    public async Task<string> ImportAsync(InstallerImage image)
    {
        var name = $"localhost/{Path.GetFileName(image.Directory)}:test";
        var archive = $"{image.Directory}.tar";
        if (!File.Exists(archive))
        {
            (await ChildProcess.RunAsync([Repository.Script("node/make-image.sh"), name, image.Directory, archive])).EnsureSuccess();
            (await RunAsync("ctr", "-n", "k8s.io", "images", "import", $"{image.NodeDirectory}.tar")).EnsureSuccess();
        }

        return name;
    }

    private string LayerOf(string version) => Path.Combine(_parts, "layers", $"containerd-{version}");

    public string ReadFile(string path) => File.ReadAllText(PathOf(path));

    public void WriteFile(string path, string text) => File.WriteAllText(PathOf(path), text);

    /// <summary>Every file of containerd's configuration and of the binary directory with what changes when it is written, even with the same bytes.</summary>
    public async Task<string> FilesAsync()
    {
        var answer = await RunAsync("sh", "-c", $"find /etc/containerd {BinaryDirectory} -printf '%p %y %m %s %T@ %i %l\\n' | sort");
        return answer.EnsureSuccess().Output;
    }

    /// <summary>The program that runs a pod's sandbox, as long as the pod runs even after the file was removed.</summary>
    public static string SandboxExecutable(Pod pod) => $"{SandboxProcess(pod)}/exe";

    /// <summary>The groups of a pod's sandbox in those hierarchies of the machine that control a resource.</summary>
    public static IReadOnlyList<string> SandboxGroups(Pod pod) =>
    [
        .. from line in File.ReadAllLines($"{SandboxProcess(pod)}/cgroup")
           let fields = line.Split(':', 3)
           where fields[1] is not ("" or "name=systemd")
           select fields[2],
    ];

    /// <summary>Asks a web server from within the node's network.</summary>
    /// <returns>The body of an answer with 200; null for any other or none.</returns>
    public async Task<string?> GetAsync(string host, int port, string path)
    {
        try
        {
            using var response = await _http!.GetAsync(new UriBuilder("http", host, port, path).Uri);
            return response.StatusCode == HttpStatusCode.OK ? await response.Content.ReadAsStringAsync() : null;
        }
        catch (Exception exception) when (exception is HttpRequestException or OperationCanceledException)
        {
            return null;
        }
    }

    /// <summary>Identifies one run of containerd: it differs after a restart.</summary>
    public async Task<string> ContainerdRunAsync()
    {
        var answer = await RunAsync("systemctl", "show", "--value", "-p", "InvocationID", "containerd.service");
        return answer.EnsureSuccess().Output.Trim();
    }

    public async Task RestartContainerdAsync()
    {
        await RunAsync("systemctl", "reset-failed", "containerd.service");
        (await RunAsync("systemctl", "restart", "containerd.service")).EnsureSuccess();
        await WaitUntilContainerdIsReadyAsync();
    }

    public Task WaitUntilContainerdIsReadyAsync() =>
        Eventually.BecomesTrueAsync("containerd serves the CRI", TimeSpan.FromSeconds(20), Runtime.IsReadyAsync);

    public Task<Pod> RunPodAsync(string handler = "runsc") =>
        Runtime.RunPodAsync(handler, new(), CancellationToken.None);

    /// <summary>Takes the node back to the state in which it came up, without a boot.</summary>
    public async Task ResetAsync()
    {
        (await RunAsync("sh", "-ec", ResetScript)).EnsureSuccess();
        await WaitUntilContainerdIsReadyAsync();
        await Task.WhenAll((await Runtime.PodsAsync(CancellationToken.None)).Select(pod => RemoveAsync(pod.Id, CancellationToken.None)));

        // After the pods: containerd loses a pod whose shim is gone.
        (await RunAsync("sh", "-c", "rm -rf /var/bin/containerruntimes /var/lib/gvisor-node-installer /var/log/runsc && mkdir -p /var/bin/containerruntimes"))
            .EnsureSuccess();
    }

    // A test runner that was killed could not take its nodes down.
    private async Task RemoveNodesOfKilledRunsAsync()
    {
        foreach (var directory in Directory.EnumerateDirectories(Path.GetTempPath(), $"{DirectoryPrefix}*.{containerdVersion}"))
        {
            var process = Path.GetFileName(directory)[DirectoryPrefix.Length..].Split('.')[0];
            if (!Directory.Exists($"/proc/{process}"))
            {
                await ChildProcess.RunAsync([Repository.Script("node-test-bed.sh"), "down", directory]);
            }
        }
    }

    // A pod that a failed test left without its runtime must not fail the next test as well.
    private async Task RemoveAsync(string sandboxId, CancellationToken cancellationToken)
    {
        try
        {
            await Runtime.RemovePodAsync(sandboxId, cancellationToken);
        }
        catch (RpcException)
        {
            foreach (var process in Directory.EnumerateDirectories("/proc").Where(process => CommandLine(process).Contains(sandboxId)))
            {
                await ChildProcess.RunAsync(["kill", "-KILL", Path.GetFileName(process)], cancellationToken: cancellationToken);
            }

            try
            {
                await Runtime.RemovePodAsync(sandboxId, cancellationToken);
            }
            catch (RpcException)
            {
                // containerd 1.6 neither stops nor removes a sandbox whose state it does not know; after a restart it knows of what it has only.
                await RunAsync("ctr", "-n", "k8s.io", "containers", "delete", sandboxId);
                await RestartContainerdAsync();
            }
        }
    }

    private static string SandboxProcess(Pod pod) =>
        Directory.EnumerateDirectories("/proc")
            .Where(directory => int.TryParse(Path.GetFileName(directory), out _))
            .Single(directory => CommandLine(directory) is ["runsc-sandbox", ..] arguments && arguments.Contains(pod.SandboxId));

    private static string[] CommandLine(string process)
    {
        try
        {
            return File.ReadAllText($"{process}/cmdline").Split('\0');
        }
        catch (IOException)
        {
            return [];
        }
    }

    private InstallerImage CreateImage(string version) =>
        InstallerImage.Create(
            this,
            version,
            version,
            Directory.EnumerateFiles(GVisor(version)).ToDictionary(path => Path.GetFileName(path), path => path, StringComparer.Ordinal));
}
