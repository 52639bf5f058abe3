// SPDX-License-Identifier: Apache-2.0

using RuntimeGVisor.NodeInstaller.Containerd;

namespace RuntimeGVisor.NodeInstaller.Releases;

/// <summary>
/// Which file runsc's configuration goes to. A sandbox keeps the path that it was created with and reads the file again whenever one of its
/// containers starts; were it to find another release's runsc there, a restarted container could not join the old sandbox. So a file that
/// a sandbox of another release reads is left alone and the next name is taken. A new name costs a restart of containerd, hence the name
/// in use is kept whenever nobody stands in the way.
/// </summary>
internal static class ConfigPathChoice
{
    /// <summary>Chooses the path.</summary>
    /// <param name="firstPath">The configured path.</param>
    /// <param name="pathInUse">The path that containerd's configuration has now; null when there is none.</param>
    /// <param name="releaseKey">The release that is wanted.</param>
    /// <param name="sandboxes">The sandboxes of the handler.</param>
    /// <param name="releaseOf">The release that a file leads to; null when it names none.</param>
    public static string Choose(
        string firstPath,
        string? pathInUse,
        string releaseKey,
        IReadOnlyList<SandboxUse> sandboxes,
        Func<string, string?> releaseOf)
    {
        var candidates = pathInUse is not null && IsNameOf(firstPath, pathInUse) ? Names(firstPath).Prepend(pathInUse) : Names(firstPath);
        return candidates.First(path => releaseOf(path) == releaseKey || sandboxes.All(sandbox => PathOf(sandbox) != path));

        // containerd that does not say is taken to use the one that it has now.
        string PathOf(SandboxUse sandbox) => sandbox.ConfigPath ?? pathInUse ?? firstPath;
    }

    /// <summary>Whether a path is one of those that this class hands out.</summary>
    public static bool IsNameOf(string firstPath, string path) => Names(firstPath).Take(100).Contains(path);

    /// <summary>All names: runsc.toml, runsc-2.toml, runsc-3.toml and so on.</summary>
    public static IEnumerable<string> Names(string firstPath)
    {
        yield return firstPath;
        for (var number = 2; ; number++)
        {
            var name = $"{Path.GetFileNameWithoutExtension(firstPath)}-{number}{Path.GetExtension(firstPath)}";
            yield return Path.Join(Path.GetDirectoryName(firstPath), name);
        }
    }
}
