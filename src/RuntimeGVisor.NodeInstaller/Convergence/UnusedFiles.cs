// SPDX-License-Identifier: Apache-2.0

using RuntimeGVisor.NodeInstaller.Releases;

namespace RuntimeGVisor.NodeInstaller.Convergence;

/// <summary>
/// Decides what may be pruned: releases and configurations of runsc that nothing names. A look may miss somebody who is just about to name
/// one, so nothing goes before it has been unused for an hour.
/// </summary>
internal static class UnusedFiles
{
    private static readonly TimeSpan Retention = TimeSpan.FromHours(1);

    /// <summary>Finds what is unused now.</summary>
    /// <param name="store">The releases on the node.</param>
    /// <param name="oldConfigurations">Configurations outside of the releases that this program or the Go extension wrote.</param>
    /// <param name="use">Who uses files.</param>
    /// <param name="needed">Configurations that are needed though no sandbox runs: the desired one, the served one, the one to go back to.</param>
    /// <returns>Paths; null when it cannot be told, because of some sandbox it is not known yet what it uses.</returns>
    public static IReadOnlyList<string>? Find(
        ReleaseStore store, IEnumerable<string> oldConfigurations, FileUse use, IEnumerable<string> needed)
    {
        if (use.HasUnknown)
        {
            return null;
        }

        // Of a sandbox its runsc is known, and not which of the configurations that name this runsc it was created with.
        var named = needed.Concat(use.OtherConfigurations).ToHashSet(StringComparer.Ordinal);
        var keys = named.Concat(named.Select(RunscConfiguration.FindRunsc).OfType<string>())
            .Concat(use.Bundles.Select(bundle => bundle.RunscPath))
            .Select(store.KeyOf)
            .Append(store.CurrentKey)
            .ToHashSet(StringComparer.Ordinal);
        return
        [
            .. store.Keys.Where(key => !keys.Contains(key)).Select(store.DirectoryOf),
            .. store.Configurations.Where(path =>
                keys.Contains(store.KeyOf(path)) && !named.Contains(path) && !use.HasSandboxesOf(store.RunscOf(store.KeyOf(path)!))),
            .. oldConfigurations.Where(path =>
                !named.Contains(path) && !(RunscConfiguration.FindRunsc(path) is { } runsc ? use.HasSandboxesOf(runsc) : use.HasSandboxesByName)),
        ];
    }

    /// <summary>Since when each is unused.</summary>
    /// <param name="known">What was recorded before.</param>
    /// <param name="unused">What is unused now; null when that cannot be told, which changes nothing.</param>
    /// <param name="now">The time.</param>
    public static Dictionary<string, DateTimeOffset> Track(
        IReadOnlyDictionary<string, DateTimeOffset> known, IEnumerable<string>? unused, DateTimeOffset now) =>
        (unused ?? known.Keys).Order(StringComparer.Ordinal).ToDictionary(path => path, path => known.TryGetValue(path, out var since) && since <= now ? since : now);

    /// <summary>What has been unused for so long that it goes.</summary>
    public static IReadOnlyList<string> Due(IReadOnlyDictionary<string, DateTimeOffset> unusedSince, DateTimeOffset now) =>
        [.. unusedSince.Where(pair => now - pair.Value >= Retention).Select(pair => pair.Key)];
}
