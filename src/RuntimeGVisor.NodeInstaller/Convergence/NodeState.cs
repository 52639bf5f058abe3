// SPDX-License-Identifier: Apache-2.0

using RuntimeGVisor.NodeConfiguration;
using RuntimeGVisor.NodeInstaller.Containerd;
using RuntimeGVisor.NodeInstaller.Containerd.Configuration;
using RuntimeGVisor.NodeInstaller.Releases;

namespace RuntimeGVisor.NodeInstaller.Convergence;

/// <summary>The node as it is, as far as the installation depends on it.</summary>
internal sealed record NodeState
{
    /// <summary>containerd's main configuration.</summary>
    public required ContainerdConfigurationFile ContainerdConfiguration { get; init; }

    /// <summary>What containerd serves.</summary>
    public required ServedRuntime Served { get; init; }

    /// <summary>The handler's sandboxes; null when containerd does not answer.</summary>
    public required IReadOnlyList<SandboxUse>? Sandboxes { get; init; }

    /// <summary>Files of the wanted release that are not right on the node.</summary>
    public required IReadOnlyList<ReleaseFile> Defects { get; init; }

    /// <summary>
    /// Whether sandboxes of another installer find their runsc by its name on PATH. It must stay what it is for as long as they run: runsc of
    /// another version can neither execute anything in them nor end them.
    /// </summary>
    public required bool KeepForeignRunsc { get; init; }

    /// <summary>Whether the wanted release is the one for new sandboxes.</summary>
    public required bool IsCurrent { get; init; }

    /// <summary>Key of the release that new sandboxes use.</summary>
    public required string? CurrentKey { get; init; }

    /// <summary>runsc's configuration files by path.</summary>
    public required IReadOnlyDictionary<string, string> RunscConfigurations { get; init; }

    /// <summary>Looks at the node; changes nothing.</summary>
    public static async Task<NodeState> ReadAsync(
        NodeInstallerConfiguration wanted,
        Release release,
        ReleaseStore store,
        ContainerRuntimeClient containerd,
        IDictionary<string, string> checkedFiles,
        CancellationToken cancellationToken)
    {
        var served = containerd.GetServedAsync(cancellationToken);
        var file = ReadContainerdConfiguration(wanted.Containerd.ConfigurationFile);
        store.CheckDirectory();
        var defects = store.FindDefects(release, checkedFiles);
        var runtime = await served;
        var sandboxes = runtime.IsReady ? await SandboxUse.ListAsync(containerd, wanted.Handler, cancellationToken) : null;
        var configurations = ReadRunscConfigurations(wanted.RunscConfigurationFile);
        var keepForeignRunsc = store.HasForeignRunsc && (sandboxes is null || sandboxes.Any(FindsRunscByName));
        return new()
        {
            ContainerdConfiguration = file,
            Served = runtime,
            Sandboxes = sandboxes,
            Defects = defects,
            KeepForeignRunsc = keepForeignRunsc,
            IsCurrent = store.IsCurrent(release.Key, keepForeignRunsc),
            CurrentKey = store.CurrentKey,
            RunscConfigurations = configurations,
        };

        bool FindsRunscByName(SandboxUse sandbox) =>
            sandbox.ConfigPath is not { } path || RunscConfigurationFile.FindRunsc(configurations.GetValueOrDefault(path)) is null;
    }

    /// <summary>Reads containerd's configuration.</summary>
    /// <exception cref="ContainerdConfigurationException">There is no such file, or it cannot be edited; the message names the file.</exception>
    public static ContainerdConfigurationFile ReadContainerdConfiguration(string path)
    {
        try
        {
            return ContainerdConfigurationFile.Read(File.ReadAllBytes(path));
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ContainerdConfigurationException(ContainerdConfigurationProblem.Empty, $"there is no {path} (yet)");
        }
        catch (ContainerdConfigurationException exception)
        {
            throw new ContainerdConfigurationException(exception.Problem, $"{path}: {exception.Message}");
        }
    }

    /// <summary>Reads every file that may be runsc's configuration.</summary>
    public static IReadOnlyDictionary<string, string> ReadRunscConfigurations(string firstPath)
    {
        var found = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var directory = Path.GetDirectoryName(firstPath)!;
        if (Directory.Exists(directory))
        {
            var pattern = $"{Path.GetFileNameWithoutExtension(firstPath)}*{Path.GetExtension(firstPath)}";
            foreach (var path in Directory.EnumerateFiles(directory, pattern).Where(path => ConfigPathChoice.IsNameOf(firstPath, path)))
            {
                found[path] = File.ReadAllText(path);
            }
        }

        return found;
    }
}
