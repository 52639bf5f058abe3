// SPDX-License-Identifier: Apache-2.0

using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using RuntimeGVisor.NodeConfiguration;
using RuntimeGVisor.NodeInstaller.Containerd;
using RuntimeGVisor.NodeInstaller.Convergence;
using RuntimeGVisor.NodeInstaller.Releases;

namespace RuntimeGVisor.NodeInstaller.CommandLine;

/// <summary>
/// <c>status</c> and <c>verify</c>: look at each part of the installation and say whether it is as desired. <c>verify</c> also reads every
/// file again for its checksum and starts a sandbox.
/// </summary>
internal static class CheckVerbs
{
    public static Task<ExitCode> StatusAsync(NodeParts node, VerbOptions options, TextWriter output, CancellationToken cancellationToken) =>
        RunAsync(node, startsSandbox: false, options, output, cancellationToken);

    public static Task<ExitCode> VerifyAsync(NodeParts node, VerbOptions options, TextWriter output, CancellationToken cancellationToken) =>
        RunAsync(node, startsSandbox: true, options, output, cancellationToken);

    private static async Task<ExitCode> RunAsync(
        NodeParts node, bool startsSandbox, VerbOptions options, TextWriter output, CancellationToken cancellationToken)
    {
        var report = node.Desired.DesiredState == DesiredState.Installed
            ? await CheckInstalledAsync(node, startsSandbox, cancellationToken)
            : await CheckUninstalledAsync(node, cancellationToken);
        await output.WriteAsync(options.Json ? JsonSerializer.Serialize(report, ReportJson.Readable.CheckReport) + "\n" : Text(report));
        return report.MatchesDesired ? ExitCode.Success : ExitCode.Different;
    }

    private static async Task<CheckReport> CheckInstalledAsync(NodeParts node, bool startsSandbox, CancellationToken cancellationToken)
    {
        var (release, journal, observation, plan) = await PlannedInstallation.MakeAsync(node, believeJournal: !startsSandbox, cancellationToken);
        var hasConfiguration = ReleaseStore.Has(plan.Configuration);
        List<Check> checks =
        [
            new("release", observation.Defects.Count == 0, observation.Defects.Count == 0
                ? $"gVisor {release.Key} is complete"
                : $"gVisor {release.Key} lacks or has damaged {string.Join(", ", observation.Defects.Select(file => file.Path))}"),
            new("current", !plan.Has(StepName.SwitchLinks) && !plan.Has(StepName.LinkRunsc), node.Store.CurrentKey is { } current
                ? $"new sandboxes use gVisor {current}"
                : "no release is chosen for new sandboxes"),
            new("runscConfiguration", hasConfiguration, $"{plan.Configuration.Path} {(hasConfiguration ? "is as desired" : "is missing or was changed")}"),
            new("containerdConfiguration", !plan.ContainerdConfiguration.IsNeeded,
                $"{plan.ContainerdConfiguration.Path} {(plan.ContainerdConfiguration.IsNeeded ? "differs; plan shows how" : "is as desired")}"),
            new("served", observation.Served.IsReady && observation.Served.Serves(plan.Entry), Served(observation.Served, plan)),
            startsSandbox
                ? await StartSandboxAsync(node, plan, cancellationToken)
                : new("verification", journal.Verified is { } verified && verified.ConfigPath == plan.Entry.ConfigPath, journal.Verified is { } last
                    ? $"a sandbox has verified gVisor {last.Version} with {last.ConfigPath}"
                    : "no sandbox has verified anything yet"),
        ];
        return Report(node, checks, journal, observation.Use);
    }

    private static async Task<CheckReport> CheckUninstalledAsync(NodeParts node, CancellationToken cancellationToken)
    {
        var change = await new Uninstaller(node, NullLogger.Instance).FindChangeAsync(cancellationToken);
        var journal = node.Journal.Read();
        var use = node.Observer.ReadUse(file: null);
        var isInUse = use.SandboxesOf(node.Store).Count > 0;
        var old = node.Observer.FindOldConfigurations(journal);
        Check[] checks =
        [
            new("containerdConfiguration", change is not { IsNeeded: true }, change is { IsNeeded: true }
                ? $"{change.Path} still has the handler"
                : "the handler is not configured"),
            new("release", node.Store.IsEmpty() || isInUse, (node.Store.IsEmpty(), node.Store.Keys) switch
            {
                (true, _) => "no gVisor is on the node",
                (_, []) => $"{node.Desired.BinaryDirectory} has executables of another installer",
                (_, var keys) => $"on the node: {string.Join(", ", keys)}",
            }),
            new("runscConfiguration", old.Count == 0 || isInUse, old.Count == 0 ? "there is none" : string.Join(", ", old)),
        ];
        return Report(node, checks, journal, use);
    }

    private static CheckReport Report(NodeParts node, IReadOnlyList<Check> checks, Journal journal, FileUse use) => new()
    {
        MatchesDesired = checks.All(check => check.MatchesDesired),
        DesiredState = node.Desired.DesiredState.ToString(),
        Handler = node.Desired.Handler,
        Checks = checks,
        Releases = node.Store.Keys,
        Sandboxes = use.SandboxesOf(node.Store),
        Restarts = journal.Restarts,
        LastFailure = journal.Failure is { } failure ? $"{failure.Time:u} {failure.Reason}: {failure.Message}" : null,
    };

    private static async Task<Check> StartSandboxAsync(NodeParts node, InstallationPlan plan, CancellationToken cancellationToken)
    {
        var request = plan.ToVerification(node.Program.Place(), node.Layout.VerificationDirectory);
        var result = await node.Verification.RunAsync(request, cancellationToken);
        await node.Verification.RemoveLeftoversAsync(cancellationToken);
        return new("verification", result.Verdict == Verdict.Passed, result.Verdict switch
        {
            Verdict.Passed => "a sandbox has started, its kernel is gVisor's, and the flags have arrived",
            Verdict.Inconclusive => $"it could not be found out: {result.Message}",
            _ => result.Message,
        });
    }

    private static string Served(ServedRuntime served, InstallationPlan plan) => served switch
    {
        { IsReady: false } => $"containerd does not serve: {served.Reason}",
        _ when served.Serves(plan.Entry) => $"containerd serves {plan.Entry.Handler} with {plan.Entry.ConfigPath}",
        _ when served.ServesName(plan.Entry.Handler) => $"containerd serves {plan.Entry.Handler} with other settings; it needs a restart",
        _ => $"containerd does not serve {plan.Entry.Handler}",
    };

    private static string Text(CheckReport report)
    {
        var lines = report.Checks.Select(check => $"{(check.MatchesDesired ? "ok  " : "NOT ")} {check.Name}: {check.Message}\n");
        var rest = report.LastFailure is { } failure ? $"last failure: {failure}\n" : "";
        var sandboxes = report.Sandboxes.Count > 0 ? $"sandboxes: {string.Join(", ", report.Sandboxes)}\n" : "";
        return string.Concat(lines) + sandboxes + rest;
    }
}
