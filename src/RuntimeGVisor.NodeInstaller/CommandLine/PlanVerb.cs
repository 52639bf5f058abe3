// SPDX-License-Identifier: Apache-2.0

using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using RuntimeGVisor.NodeConfiguration;
using RuntimeGVisor.NodeInstaller.Convergence;

namespace RuntimeGVisor.NodeInstaller.CommandLine;

/// <summary><c>plan</c>: prints the steps that <c>install</c> would run, and what they change in files; changes nothing.</summary>
internal static class PlanVerb
{
    /// <summary>Makes and prints the plan.</summary>
    public static async Task<ExitCode> RunAsync(NodeParts node, VerbOptions options, TextWriter output, CancellationToken cancellationToken)
    {
        var report = node.Desired.DesiredState == DesiredState.Installed
            ? await InstallationAsync(node, cancellationToken)
            : await UninstallationAsync(node, cancellationToken);
        await output.WriteAsync(options.Json ? JsonSerializer.Serialize(report, ReportJson.Readable.PlanReport) + "\n" : Text(report));
        return report.IsEmpty ? ExitCode.Success : ExitCode.Different;
    }

    private static async Task<PlanReport> InstallationAsync(NodeParts node, CancellationToken cancellationToken)
    {
        var plan = (await PlannedInstallation.MakeAsync(node, believeJournal: true, cancellationToken)).Plan;
        FileChange[] changes = [new(plan.Configuration.Path, Before(plan.Configuration.Path), plan.Configuration.Text), plan.ContainerdConfiguration];
        return new(
            [.. plan.Steps.Select(step => new PlannedStep(step.Name.ToString(), step.Description))],
            plan.Restarts,
            [.. changes.Where(change => change.IsNeeded).Select(PlannedFile.From)]);
    }

    private static string? Before(string path) => File.Exists(path) ? File.ReadAllText(path) : null;

    private static async Task<PlanReport> UninstallationAsync(NodeParts node, CancellationToken cancellationToken)
    {
        var steps = new List<PlannedStep>();
        var change = await new Uninstaller(node, NullLogger.Instance).FindChangeAsync(cancellationToken);
        if (change is { IsNeeded: true })
        {
            steps.Add(new("RemoveHandler", $"take the handler {node.Desired.Handler} out of {change.Path}"));
        }

        string[] files = [.. node.Store.IsEmpty() ? [] : new[] { $"gVisor below {node.Desired.BinaryDirectory}" }, .. node.Observer.FindOldConfigurations(node.Journal.Read())];
        if (files.Length > 0)
        {
            steps.Add(new("RemoveFiles", $"remove {string.Join(", ", files)} when no sandbox uses it"));
        }

        return new(steps, RestartsContainerd: false, change is { IsNeeded: true } ? [PlannedFile.From(change)] : []);
    }

    private static string Text(PlanReport report) =>
        report.IsEmpty
            ? "nothing to change\n"
            : string.Concat(report.Steps.Select(step => $"# {step.Name}: {step.Description}\n"))
                + (report.RestartsContainerd ? "" : "# containerd is not restarted\n")
                + string.Concat(report.Files.Select(file => file.Diff));
}
