// SPDX-License-Identifier: Apache-2.0

using System.Text;
using Hosting;
using RuntimeGVisor.NodeConfiguration;
using RuntimeGVisor.NodeInstaller.Containerd;
using RuntimeGVisor.NodeInstaller.Containerd.Configuration;
using RuntimeGVisor.NodeInstaller.Files;
using RuntimeGVisor.NodeInstaller.Releases;
using RuntimeGVisor.NodeInstaller.Systemd;

namespace RuntimeGVisor.NodeInstaller.Convergence;

/// <summary>Looks at the node; changes nothing.</summary>
internal sealed class NodeObserver(
    NodeInstallerConfiguration desired, NodeLayout layout, ReleaseStore store, ContainerRuntimeClient client, SystemdClient systemd,
    ContainerdConfigurationStore configuration, TimeProvider time)
{
    private const string BootIdentity = "/proc/sys/kernel/random/boot_id";

    /// <summary>Observes everything that a plan depends on.</summary>
    /// <param name="release">The release to install.</param>
    /// <param name="verifiedFiles">Fingerprints of files that were found right; found ones are added.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<Observation> ObserveAsync(Release release, IDictionary<string, string> verifiedFiles, CancellationToken cancellationToken)
    {
        var served = client.GetServedAsync(cancellationToken);
        var service = systemd.GetServiceAsync(layout.ContainerdUnit, cancellationToken);
        var file = await configuration.ReadAsync(cancellationToken);
        store.CheckDirectory();
        return new()
        {
            Time = time.GetUtcNow(),
            ContainerdConfiguration = file,
            Inputs = ReadInputs(file),
            Served = await served,
            Service = await service,
            Use = ReadUse(file),
            Defects = store.FindDefects(release, verifiedFiles),
            Foreign = store.FindForeign(),
        };
    }

    /// <summary>Looks who uses gVisor's files.</summary>
    /// <param name="file">containerd's configuration; null when there is none.</param>
    public FileUse ReadUse(ContainerdConfigurationFile? file)
    {
        var others = file?.RuntimesOf(HandlerEntry.RuntimeType).Where(handler => handler != desired.Handler).ToArray() ?? [];
        var configurations = others.Select(handler => file!.FindRuntime(handler)!.Find([HandlerEntry.Options, "ConfigPath"]) as string).ToArray();
        return new(
            RunscBundles.Read(layout.ContainerdState),
            [.. configurations.OfType<string>()],
            configurations.Any(path => path is null || !File.Exists(path) || RunscConfiguration.FindRunsc(path) is null));
    }

    /// <summary>Configurations of runsc outside of the releases: those of earlier releases of this program, and the one that was taken over.</summary>
    public IReadOnlyList<string> FindOldConfigurations(Journal journal)
    {
        var directory = Path.GetDirectoryName(layout.ConfigurationFile)!;
        var ours = Directory.Exists(directory)
            ? Directory.EnumerateFiles(directory, "runsc*.toml").Where(path => File.ReadLines(path).FirstOrDefault()?.StartsWith(RunscConfiguration.OldHeader, StringComparison.Ordinal) == true)
            : [];
        return [.. ours.Append(journal.AdoptedConfiguration).OfType<string>().Where(File.Exists).Distinct(StringComparer.Ordinal)];
    }

    /// <summary>Fingerprint of what may make a release fail or work, besides itself and its flags.</summary>
    /// <param name="file">containerd's configuration.</param>
    public string ReadInputs(ContainerdConfigurationFile file)
    {
        var files = ImportedFiles.FindAll(file, layout.ConfigurationFile).Append(BootIdentity).Where(File.Exists);
        return Checksum.Sha256([
            Encoding.UTF8.GetBytes(BuildVersion.Text),
            Encoding.UTF8.GetBytes(file.Document.Text),
            .. files.SelectMany(path => new[] { Encoding.UTF8.GetBytes(path), File.ReadAllBytes(path) }),
        ]);
    }
}
