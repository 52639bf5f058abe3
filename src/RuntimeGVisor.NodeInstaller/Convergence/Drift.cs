// SPDX-License-Identifier: Apache-2.0

namespace RuntimeGVisor.NodeInstaller.Convergence;

/// <summary>What somebody changed about a proven installation. The names are label values of a metric.</summary>
internal enum DriftCause
{
    /// <summary>containerd's configuration was written anew without the handler, as gardener-node-agent does when it read it too early.</summary>
    HandlerLost,

    /// <summary>The handler's entry was changed.</summary>
    HandlerChanged,

    /// <summary>The entry of the default runtime was removed.</summary>
    DefaultRuntimeLost,

    /// <summary>A file of the release is missing or damaged.</summary>
    ReleaseDamaged,

    /// <summary>A name in the binary directory is missing or leads elsewhere.</summary>
    LinkChanged,

    /// <summary>runsc's configuration is missing or changed.</summary>
    RunscConfigurationChanged,

    /// <summary>containerd serves something else than its configuration says.</summary>
    HandlerNotServed,
}

/// <summary>One change by somebody else.</summary>
/// <param name="Cause">Its kind.</param>
/// <param name="Description">A sentence for people.</param>
internal sealed record Drift(DriftCause Cause, string Description);

/// <summary>Names what somebody changed.</summary>
internal static class DriftCauses
{
    /// <summary>Compares a plan with the installation that was proven; nothing when the installer itself was told something new.</summary>
    public static IReadOnlyList<Drift> Find(ProvenInstallation? proven, string releaseKey, InstallationPlan plan, NodeState state)
    {
        if (proven is null || proven.ReleaseKey != releaseKey || proven.Handler != plan.Entry.Handler
            || proven.RunscConfiguration != plan.RunscConfiguration.After)
        {
            return [];
        }

        var found = new List<Drift>();
        if (plan.FilesToCopy.Count > 0)
        {
            found.Add(new(DriftCause.ReleaseDamaged, $"missing or damaged: {string.Join(", ", plan.FilesToCopy.Select(file => file.Path))}"));
        }

        if (plan.MakeCurrent)
        {
            found.Add(new(DriftCause.LinkChanged, "runsc or containerd-shim-runsc-v1 in the binary directory did not lead to the release"));
        }

        if (plan.RunscConfiguration.IsNeeded)
        {
            var how = plan.RunscConfiguration.Before is null ? "was missing" : "was changed";
            found.Add(new(DriftCause.RunscConfigurationChanged, $"{plan.RunscConfiguration.Path} {how}"));
        }

        if (plan.ContainerdConfiguration.IsNeeded)
        {
            found.Add(OfHandler(plan, state));
        }
        else if (state.Served.IsReady && plan.Restart)
        {
            found.Add(new(DriftCause.HandlerNotServed, "containerd was started with another configuration than it has now"));
        }

        return found;
    }

    private static Drift OfHandler(InstallationPlan plan, NodeState state)
    {
        var path = plan.ContainerdConfiguration.Path;
        var file = state.ContainerdConfiguration;
        if (file.FindRuntime(plan.Entry.Handler) is not { } table)
        {
            var writer = file.Document.Text.Contains('#', StringComparison.Ordinal)
                ? "somebody removed it"
                : "the file was written anew from what it said before, as gardener-node-agent does";
            return new(DriftCause.HandlerLost, $"the handler {plan.Entry.Handler} was missing in {path}: {writer}");
        }

        return plan.Entry.IsServedBy(table) && file.NeedsRuncBesideHandler
            ? new(DriftCause.DefaultRuntimeLost, $"the default runtime was missing in {path}")
            : new(DriftCause.HandlerChanged, $"somebody changed the handler {plan.Entry.Handler} in {path}");
    }
}
