// SPDX-License-Identifier: Apache-2.0

using RuntimeGVisor.NodeConfiguration;

namespace Node.Tests.TestBed;

/// <summary>The installer with a release and a configuration, to be run in a container on the node.</summary>
internal sealed record Installer(TestNode Node, InstallerImage Image)
{
    private static int _runs;

    public NodeInstallerConfiguration Configuration { get; init; } = new()
    {
        DesiredState = DesiredState.Installed,
        WorkerPool = "pool-a",
        BinaryDirectory = "/var/bin/containerruntimes",
    };

    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    public Installer WithFlags(params RunscFlagValue[] flags) => this with { Configuration = Configuration with { RunscFlags = flags } };

    /// <summary>Runs a verb to its end.</summary>
    public async Task<CommandResult> RunAsync(params string[] arguments)
    {
        var (identity, bundle) = WriteBundle(arguments);
        try
        {
            return await Node.RunAsync("runc", "--root", "/run/installers", "run", "--bundle", bundle, identity);
        }
        finally
        {
            Directory.Delete(Path.Combine(Node.SharedDirectory, "bundles", identity), recursive: true);
        }
    }

    public Task<CommandResult> InstallAsync() => RunAsync("install", "--once");

    public Task<CommandResult> UninstallAsync() => RunAsync("uninstall", "--once");

    private (string Identity, string Bundle) WriteBundle(string[] arguments)
    {
        var identity = $"installer-{Interlocked.Increment(ref _runs)}";
        var directory = Path.Combine(Node.SharedDirectory, "bundles", identity);
        var bundle = $"/shared/bundles/{identity}";
        Directory.CreateDirectory(Path.Combine(directory, "configuration"));
        File.WriteAllText(
            Path.Combine(directory, "configuration", NodeInstallerConfiguration.FileName), NodeInstallerConfigurationFile.Write(Configuration));
        File.WriteAllText(
            Path.Combine(directory, "config.json"),
            InstallerContainer.ToRuncSpecification(Image.NodeDirectory, $"{bundle}/configuration", arguments, Environment));
        return (identity, bundle);
    }
}
