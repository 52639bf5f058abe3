// SPDX-License-Identifier: Apache-2.0

using RuntimeGVisor.NodeInstaller.Releases;

namespace RuntimeGVisor.NodeInstaller.Convergence;

/// <summary>Names what somebody changed.</summary>
internal static class DriftCauses
{
    /// <summary>Compares a plan with the installation that was verified; nothing when the installer itself was told something new.</summary>
    public static IReadOnlyList<Drift> Find(VerifiedInstallation? verified, InstallationPlan plan, Observation node) =>
        verified is not null && verified.Handler == plan.Entry.Handler && verified.ConfigPath == plan.Entry.ConfigPath ? [.. Find(plan, node)] : [];

    private static IEnumerable<Drift> Find(InstallationPlan plan, Observation node)
    {
        if (node.Defects.Count > 0)
        {
            yield return new(DriftCause.ReleaseDamaged, $"missing or damaged: {string.Join(", ", node.Defects.Select(file => file.Path))}");
        }

        if (!ReleaseStore.Has(plan.Configuration))
        {
            var how = File.Exists(plan.Configuration.Path) ? "was changed" : "was missing";
            yield return new(DriftCause.RunscConfigurationChanged, $"{plan.Configuration.Path} {how}");
        }

        if (plan.Has(StepName.SwitchLinks))
        {
            yield return new(DriftCause.LinkChanged, "runsc or containerd-shim-runsc-v1 in the binary directory did not lead to the release");
        }

        if (plan.ContainerdConfiguration.IsNeeded)
        {
            yield return OfHandler(plan, node);
        }
        else if (node.Served.IsReady && plan.Restarts)
        {
            yield return new(DriftCause.HandlerNotServed, "containerd was started with another configuration than it has now");
        }
    }

    private static Drift OfHandler(InstallationPlan plan, Observation node)
    {
        var path = plan.ContainerdConfiguration.Path;
        var file = node.ContainerdConfiguration;
        if (file.FindRuntime(plan.Entry.Handler) is not { } table)
        {
            var writer = file.Document.Text.Contains('#', StringComparison.Ordinal)
                ? "somebody removed it"
                : "the file was written again from what it said before, as gardener-node-agent does";
            return new(DriftCause.HandlerLost, $"the handler {plan.Entry.Handler} was missing in {path}: {writer}");
        }

        return plan.Entry.IsServedBy(table) && file.NeedsRuncBesideHandler
            ? new(DriftCause.DefaultRuntimeLost, $"the default runtime was missing in {path}")
            : new(DriftCause.HandlerChanged, $"somebody changed the handler {plan.Entry.Handler} in {path}");
    }
}
