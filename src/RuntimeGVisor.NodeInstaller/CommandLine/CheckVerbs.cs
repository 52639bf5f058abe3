// SPDX-License-Identifier: Apache-2.0

using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using RuntimeGVisor.NodeConfiguration;
using RuntimeGVisor.NodeInstaller.Containerd;
using RuntimeGVisor.NodeInstaller.Convergence;
using RuntimeGVisor.NodeInstaller.Releases;

namespace RuntimeGVisor.NodeInstaller.CommandLine;

/// <summary>
/// <c>status</c> and <c>verify</c>: look at each part of the installation and say whether it is as wanted. <c>verify</c> also reads every
/// file again for its checksum and starts a sandbox.
/// </summary>
internal static class CheckVerbs
{
    /// <summary>Makes and prints the checks.</summary>
    public static async Task<ExitCode> RunAsync(NodeInstallation node, Arguments arguments, TextWriter output, CancellationToken cancellationToken)
    {
        var report = node.Wanted.DesiredState == DesiredState.Installed
            ? await CheckInstalledAsync(node, arguments.Verb == Verb.Verify, cancellationToken)
            : await CheckUninstalledAsync(node, cancellationToken);
        await output.WriteAsync(arguments.Json ? JsonSerializer.Serialize(report, CheckReportJson.Readable.CheckReport) + "\n" : Text(report));
        return report.AsWanted ? ExitCode.Success : ExitCode.Different;
    }

    private static async Task<CheckReport> CheckInstalledAsync(NodeInstallation node, bool verify, CancellationToken cancellationToken)
    {
        var wanted = node.Wanted;
        var journal = node.Journal.Read();
        var release = Release.Open(node.ReleaseDirectory);
        // verify believes no stamp.
        var state = await NodeState.ReadAsync(
            wanted, release, node.Store, node.Client, verify ? new Dictionary<string, string>() : journal.CheckedFiles.ToDictionary(), cancellationToken);
        var plan = InstallationPlan.Make(wanted, release, node.Store, state, journal.RestartOwed);
        var checks = new List<Check>
        {
            new("release", plan.FilesToCopy.Count == 0, plan.FilesToCopy.Count == 0
                ? $"gVisor {release.Key} is complete"
                : $"gVisor {release.Key} lacks or has damaged {string.Join(", ", plan.FilesToCopy.Select(file => file.Path))}"),
            new("current", !plan.MakeCurrent, state.CurrentKey is { } current ? $"new sandboxes use gVisor {current}" : "no release is chosen for new sandboxes"),
            new("runscConfiguration", !plan.RunscConfiguration.IsNeeded, Says(plan.RunscConfiguration)),
            new("containerdConfiguration", !plan.ContainerdConfiguration.IsNeeded, Says(plan.ContainerdConfiguration)),
            new("served", state.Served.IsReady && state.Served.Serves(plan.Entry), Served(state.Served, plan)),
        };
        if (verify)
        {
            checks.Add(await ProveAsync(node, plan, cancellationToken));
        }
        else
        {
            checks.Add(new("proof", journal.Proven is { } proven && proven.ReleaseKey == release.Key,
                journal.Proven is { } last ? $"a sandbox has proven gVisor {last.ReleaseKey}" : "no sandbox has proven anything yet"));
        }

        return Report(node, checks, journal, state.Sandboxes);
    }

    private static async Task<CheckReport> CheckUninstalledAsync(NodeInstallation node, CancellationToken cancellationToken)
    {
        var wanted = node.Wanted;
        var file = NodeState.ReadContainerdConfiguration(wanted.Containerd.ConfigurationFile);
        var hasHandler = file.FindRuntime(wanted.Handler) is not null || file.FindMisplaced(wanted.Handler).Count > 0;
        var configurations = NodeState.ReadRunscConfigurations(wanted.RunscConfigurationFile);
        var served = await node.Client.GetServedAsync(cancellationToken);
        var sandboxes = served.IsReady ? await SandboxUse.ListAsync(node.Client, wanted.Handler, cancellationToken) : null;
        var isInUse = sandboxes is { Count: > 0 };
        Check[] checks =
        [
            new("containerdConfiguration", !hasHandler, hasHandler ? $"{wanted.Containerd.ConfigurationFile} still has the handler" : "the handler is not configured"),
            new("release", node.Store.IsEmpty || isInUse, (node.Store.IsEmpty, node.Store.Keys) switch
            {
                (true, _) => "no gVisor is on the node",
                (_, []) => $"{wanted.BinaryDirectory} has executables of another installer",
                (_, var keys) => $"on the node: {string.Join(", ", keys)}",
            }),
            new("runscConfiguration", configurations.Count == 0 || isInUse,
                configurations.Count == 0 ? "there is none" : string.Join(", ", configurations.Keys)),
        ];
        return Report(node, checks, node.Journal.Read(), sandboxes);
    }

    private static CheckReport Report(NodeInstallation node, IReadOnlyList<Check> checks, Journal journal, IReadOnlyList<SandboxUse>? sandboxes) => new()
    {
        AsWanted = checks.All(check => check.AsWanted),
        DesiredState = node.Wanted.DesiredState.ToString(),
        Handler = node.Wanted.Handler,
        Checks = checks,
        Releases = node.Store.Keys,
        Sandboxes = sandboxes is null ? [] : [.. sandboxes.Select(sandbox => sandbox.ToString())],
        Restarts = journal.Restarts,
        LastFailure = journal.Failure is { } failure ? $"{failure.Time:u} {failure.Reason}: {failure.Message}" : null,
    };

    private static async Task<Check> ProveAsync(NodeInstallation node, InstallationPlan plan, CancellationToken cancellationToken)
    {
        try
        {
            var proof = new ProofRun(node);
            await proof.RunAsync(plan, ProofRun.VerifyPurpose, cancellationToken);
            await proof.RemoveSandboxAsync();
            return new("proof", true, "a sandbox has started and its kernel is gVisor's");
        }
        catch (SandboxProofException exception)
        {
            return new("proof", false, exception.Message);
        }
    }

    private static string Says(FileChange change) => change switch
    {
        { IsNeeded: false } => $"{change.Path} is as wanted",
        { Before: null } => $"{change.Path} does not exist",
        _ => $"{change.Path} differs; plan shows how",
    };

    private static string Served(ServedRuntime served, InstallationPlan plan) => served switch
    {
        { IsReady: false } => $"containerd does not serve: {served.Reason}",
        _ when served.Serves(plan.Entry) => $"containerd serves {plan.Entry.Handler} with {plan.Entry.ConfigPath}",
        _ when served.ServesName(plan.Entry.Handler) => $"containerd serves {plan.Entry.Handler} with other settings; it needs a restart",
        _ => $"containerd does not serve {plan.Entry.Handler}",
    };

    private static string Text(CheckReport report)
    {
        var lines = report.Checks.Select(check => $"{(check.AsWanted ? "ok  " : "NOT ")} {check.Name}: {check.Message}\n");
        var rest = report.LastFailure is { } failure ? $"last failure: {failure}\n" : "";
        var pods = report.Sandboxes.Count > 0 ? $"sandboxes: {string.Join(", ", report.Sandboxes)}\n" : "";
        return string.Concat(lines) + pods + rest;
    }
}

/// <summary>One part of the installation.</summary>
/// <param name="Name">Which part.</param>
/// <param name="AsWanted">Whether it is as wanted.</param>
/// <param name="Message">What was found.</param>
internal sealed record Check(string Name, bool AsWanted, string Message);

/// <summary>What <c>status</c> and <c>verify</c> print.</summary>
internal sealed record CheckReport
{
    public required bool AsWanted { get; init; }

    public required string DesiredState { get; init; }

    public required string Handler { get; init; }

    public required IReadOnlyList<Check> Checks { get; init; }

    /// <summary>Releases on the node.</summary>
    public required IReadOnlyList<string> Releases { get; init; }

    /// <summary>Pods that run in the handler's sandboxes.</summary>
    public required IReadOnlyList<string> Sandboxes { get; init; }

    /// <summary>Restarts of containerd by the installer within the last hour.</summary>
    public required IReadOnlyList<DateTimeOffset> Restarts { get; init; }

    /// <summary>What the last pass failed with; null when it did not.</summary>
    public required string? LastFailure { get; init; }
}

[JsonSerializable(typeof(CheckReport))]
internal sealed partial class CheckReportJson : JsonSerializerContext
{
    /// <summary>For a terminal: quotes in messages stay what they are.</summary>
    public static CheckReportJson Readable { get; } = new(new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
