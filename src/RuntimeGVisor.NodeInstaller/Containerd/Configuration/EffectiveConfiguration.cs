// SPDX-License-Identifier: Apache-2.0

namespace RuntimeGVisor.NodeInstaller.Containerd.Configuration;

/// <summary>What becomes of the main file once containerd has read it with all its imports.</summary>
internal static class EffectiveConfiguration
{
    /// <summary>Looks whether a handler of the main file reaches containerd, and whether the default runtime is still there.</summary>
    /// <param name="dump">What containerd makes of the main file.</param>
    /// <param name="entry">The handler that it shall serve.</param>
    /// <param name="main">The main file.</param>
    /// <param name="path">Where it lies.</param>
    /// <exception cref="ContainerdConfigurationException">Something hides the handler; the message names it and the cure.</exception>
    public static void Check(ContainerdConfigurationFile dump, HandlerEntry entry, ContainerdConfigurationFile main, string path)
    {
        if (dump.FindRuntime(entry.Handler) is not { } table || !entry.IsServedBy(table))
        {
            throw Hidden($"the handler {entry.Handler} is in {path} and does not reach containerd");
        }

        if (dump.NeedsRuncBesideHandler)
        {
            throw Hidden($"containerd would lose its default runtime {ContainerdConfigurationFile.BuiltInRuntime}");
        }

        ContainerdConfigurationException Hidden(string what)
        {
            var causes = ImportedFiles.FindCauses(main, path, dump, entry.Handler);
            var cause = causes.Count > 0 ? string.Join("; ", causes)
                : main.HasVersion ? "no imported file explains it"
                : $"{path} has no version, and containerd reads it as another one: give it the version of its tables";
            return new(ContainerdConfigurationProblem.Hidden, $"{what}: {cause}");
        }
    }
}
