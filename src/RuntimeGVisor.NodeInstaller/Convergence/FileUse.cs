// SPDX-License-Identifier: Apache-2.0

using RuntimeGVisor.NodeInstaller.Containerd;
using RuntimeGVisor.NodeInstaller.Releases;

namespace RuntimeGVisor.NodeInstaller.Convergence;

/// <summary>
/// Who uses gVisor's files on a node: sandboxes, by what containerd and the shims have saved of them, also while they are being created; and
/// other handlers of runsc's shim, by their configuration.
/// </summary>
/// <param name="Bundles">Every bundle whose shim is runsc's, of every namespace and handler.</param>
/// <param name="OtherConfigurations">Files that other handlers in containerd's configuration name for runsc.</param>
/// <param name="OthersUseRunscByName">Whether another handler finds runsc by its name on PATH.</param>
internal sealed record FileUse(IReadOnlyList<RunscBundle> Bundles, IReadOnlyList<string> OtherConfigurations, bool OthersUseRunscByName)
{
    private const int ShownIdLength = 13;

    /// <summary>Whether of some sandbox it is not known what it uses: then nothing can be called unused.</summary>
    public bool HasUnknown => Bundles.Any(bundle => bundle.RunscPath is null);

    /// <summary>Whether some sandbox finds runsc by its name on PATH, or may.</summary>
    public bool HasSandboxesByName => Bundles.Any(bundle => !Path.IsPathRooted(bundle.RunscPath));

    /// <summary>Whether the name runsc must not become another runsc.</summary>
    public bool HasUsersOfRunscName => OthersUseRunscByName || HasSandboxesByName;

    /// <summary>Whether a sandbox was made by a runsc.</summary>
    public bool HasSandboxesOf(string runsc) => Bundles.Any(bundle => bundle.RunscPath == runsc);

    /// <summary>Sandboxes that need files of this installation, for people.</summary>
    /// <param name="store">The releases.</param>
    public IReadOnlyList<string> SandboxesOf(ReleaseStore store) =>
    [
        .. Bundles.Where(bundle => !bundle.IsVerification && Uses(bundle, store))
            .Select(bundle => $"{bundle.Namespace}/{bundle.Id[..Math.Min(bundle.Id.Length, ShownIdLength)]}")
            .Order(StringComparer.Ordinal),
    ];

    // A shim under our names is ours; a runsc that goes by its name is ours once that name is.
    private static bool Uses(RunscBundle bundle, ReleaseStore store) =>
        bundle.ShimPath is not { } shim
        || store.Contains(shim)
        || store.Contains(bundle.RunscPath ?? "")
        || (store.IsRunscLinked && !Path.IsPathRooted(bundle.RunscPath));
}
