// SPDX-License-Identifier: Apache-2.0

using RuntimeGVisor.NodeConfiguration;

namespace NodeTestBed;

/// <summary>The installer with a release and a configuration, to be run in a container on the node.</summary>
public sealed record Installer(TestNode Node, InstallerImage Image)
{
    private static int _runs;

    public NodeInstallerConfiguration Configuration { get; init; } = new()
    {
        DesiredState = DesiredState.Installed,
        WorkerPool = "pool-a",
        BinaryDirectory = TestNode.BinaryDirectory,

        // What is waited for on a large pool, nobody waits for here.
        MaxRestartDelaySeconds = 0,
        RemovalDelaySeconds = 0,
    };

    /// <summary>Calls of the kernel that its container is refused, each with the number of the error.</summary>
    public IReadOnlyDictionary<string, int> RefusedCalls { get; init; } = new Dictionary<string, int>();

    public Installer WithFlag(string name, string value) =>
        this with { Configuration = Configuration with { RunscFlags = [.. Configuration.RunscFlags, new(name, value)] } };

    public Task<CommandResult> InstallAsync() => RunAsync("install", "--once");

    public Task<CommandResult> UninstallAsync() => RunAsync("uninstall", "--once");

    /// <summary>Runs a verb to its end.</summary>
    public async Task<CommandResult> RunAsync(params string[] arguments)
    {
        await using var run = await StartAsync(arguments);
        return await run.EndAsync(TimeSpan.FromMinutes(1));
    }

    /// <summary>Starts a verb.</summary>
    public async Task<InstallerRun> StartAsync(params string[] arguments)
    {
        var (identity, bundle) = await WriteBundleAsync(arguments);
        return new(Node, identity, Node.Start("runc", "--root", InstallerRun.RuncState, "run", "--bundle", bundle, identity), Configuration.HttpPort);
    }

    /// <summary>Makes the container of a verb and lets it wait for its start.</summary>
    public async Task<PreparedInstaller> PrepareAsync(params string[] arguments)
    {
        var (identity, bundle) = await WriteBundleAsync(arguments);
        return await PreparedInstaller.CreateAsync(Node, identity, bundle, Configuration.HttpPort);
    }

    private async Task<(string Identity, string Bundle)> WriteBundleAsync(string[] arguments)
    {
        var identity = $"installer-{Interlocked.Increment(ref _runs)}";
        var configuration = await WriteConfigurationAsync(identity);
        var bundle = $"/shared/bundles/{identity}";
        Directory.CreateDirectory(Path.Combine(Node.SharedDirectory, "bundles", identity));
        await File.WriteAllTextAsync(
            Path.Combine(Node.SharedDirectory, "bundles", identity, "config.json"),
            InstallerContainer.ToRuncSpecification(Image.NodeDirectory, configuration, arguments, RefusedCalls));
        return (identity, bundle);
    }

    /// <summary>Writes the configuration file into a directory of its own and makes the mounts' directories, as the kubelet does.</summary>
    /// <returns>The directory as the node sees it.</returns>
    public async Task<string> WriteConfigurationAsync(string name)
    {
        foreach (var mount in InstallerContainer.NodeMounts)
        {
            Directory.CreateDirectory(Node.PathOf(mount.Path));
        }

        var directory = Directory.CreateDirectory(Path.Combine(Node.SharedDirectory, "configurations", name)).FullName;
        await File.WriteAllTextAsync(
            Path.Combine(directory, NodeInstallerConfiguration.FileName), NodeInstallerConfigurationFile.Write(Configuration));
        return $"/shared/configurations/{name}";
    }
}

/// <summary>An installer that runs in its container.</summary>
public sealed class InstallerRun(TestNode node, string identity, ChildProcess command, int httpPort) : IAsyncDisposable
{
    public const string RuncState = "/run/installers";

    public override string ToString() => command.ToString();

    public Task<CommandResult> EndAsync(TimeSpan timeout) => command.EndAsync(timeout);

    /// <summary>Asks one of its endpoints.</summary>
    /// <returns>The body of an answer with 200, else null.</returns>
    public Task<string?> GetAsync(string path) => node.GetAsync("127.0.0.1", httpPort, path);

    public Task WaitUntilReadyAsync() => Eventually.BecomesTrueAsync(
        "the installer is ready", TimeSpan.FromSeconds(60), async _ => await GetAsync("/readyz") is not null, () => command.ToString());

    public Task SignalAsync(string signal) => node.RunAsync("runc", "--root", RuncState, "kill", identity, signal);

    public async ValueTask DisposeAsync()
    {
        await node.RunAsync("runc", "--root", RuncState, "delete", "--force", identity);
        command.Kill();
        await command.DisposeAsync();
    }
}
