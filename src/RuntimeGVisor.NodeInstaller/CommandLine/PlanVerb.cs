// SPDX-License-Identifier: Apache-2.0

using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using RuntimeGVisor.NodeConfiguration;
using RuntimeGVisor.NodeInstaller.Containerd.Configuration;
using RuntimeGVisor.NodeInstaller.Convergence;
using RuntimeGVisor.NodeInstaller.Releases;

namespace RuntimeGVisor.NodeInstaller.CommandLine;

/// <summary>Prints what an installation would change, exactly; changes nothing.</summary>
internal static class PlanVerb
{
    /// <summary>Makes and prints the plan.</summary>
    public static async Task<ExitCode> RunAsync(NodeInstallation node, Arguments arguments, TextWriter output, CancellationToken cancellationToken)
    {
        var report = node.Wanted.DesiredState == DesiredState.Installed
            ? await InstallationAsync(node, cancellationToken)
            : Uninstallation(node);
        await output.WriteAsync(arguments.Json ? JsonSerializer.Serialize(report, PlanReportJson.Readable.PlanReport) + "\n" : Text(report));
        return report.IsEmpty ? ExitCode.Success : ExitCode.Different;
    }

    private static async Task<PlanReport> InstallationAsync(NodeInstallation node, CancellationToken cancellationToken)
    {
        var release = Release.Open(node.ReleaseDirectory);
        var journal = node.Journal.Read();
        var state = await NodeState.ReadAsync(
            node.Wanted, release, node.Store, node.Client, journal.CheckedFiles.ToDictionary(), cancellationToken);
        var plan = InstallationPlan.Make(node.Wanted, release, node.Store, state, journal.RestartOwed);
        var steps = new List<string>();
        if (plan.FilesToCopy.Count > 0)
        {
            steps.Add($"copy to {node.Store.DirectoryOf(release.Key)}: {string.Join(", ", plan.FilesToCopy.Select(file => file.Path))}");
        }

        if (plan.MakeCurrent)
        {
            steps.AddRange(node.Store.DescribeLinks(release.Key, plan.KeepForeignRunsc));
        }

        if (plan.Restart)
        {
            steps.Add($"restart {node.Wanted.Containerd.Unit}, which does not serve the handler {plan.Entry.Handler} as wanted");
        }

        return new(steps, plan.Restart, [.. new[] { plan.RunscConfiguration, plan.ContainerdConfiguration }.Where(change => change.IsNeeded).Select(PlannedFile.From)]);
    }

    private static PlanReport Uninstallation(NodeInstallation node)
    {
        var path = node.Wanted.Containerd.ConfigurationFile;
        var file = NodeState.ReadContainerdConfiguration(path);
        var change = new FileChange(path, file.Document.Text, HandlerEditor.Remove(file, node.Wanted.Handler));
        var steps = new List<string>();
        if (!node.Store.IsEmpty)
        {
            steps.Add($"remove gVisor from {node.Wanted.BinaryDirectory} when no sandbox uses it");
        }

        steps.AddRange(NodeState.ReadRunscConfigurations(node.Wanted.RunscConfigurationFile).Keys.Select(configuration => $"remove {configuration} when no sandbox uses it"));
        return new(steps, RestartsContainerd: false, change.IsNeeded ? [PlannedFile.From(change)] : []);
    }

    private static string Text(PlanReport report) =>
        report.IsEmpty
            ? "nothing to change\n"
            : string.Concat(report.Steps.Select(step => $"# {step}\n"))
                + (report.RestartsContainerd ? "" : "# containerd is not restarted\n")
                + string.Concat(report.Files.Select(file => file.Diff));
}

/// <summary>What <c>plan</c> prints.</summary>
/// <param name="Steps">What happens beside the changes of files, in order.</param>
/// <param name="RestartsContainerd">Whether containerd is restarted, which cuts off exec sessions and log streams of the node.</param>
/// <param name="Files">The files that get another content.</param>
internal sealed record PlanReport(IReadOnlyList<string> Steps, bool RestartsContainerd, IReadOnlyList<PlannedFile> Files)
{
    [JsonIgnore]
    public bool IsEmpty => Steps.Count == 0 && Files.Count == 0;
}

/// <summary>A file that gets another content.</summary>
/// <param name="Path">The file.</param>
/// <param name="Diff">The difference as diff -u prints it.</param>
internal sealed record PlannedFile(string Path, string Diff)
{
    public static PlannedFile From(FileChange change) => new(change.Path, UnifiedDiff.Write(change.Path, change.Before, change.After));
}

[JsonSerializable(typeof(PlanReport))]
internal sealed partial class PlanReportJson : JsonSerializerContext
{
    /// <summary>For a terminal: the signs of a diff stay what they are.</summary>
    public static PlanReportJson Readable { get; } = new(new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
