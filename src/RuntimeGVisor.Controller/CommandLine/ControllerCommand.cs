// SPDX-License-Identifier: Apache-2.0

using System.CommandLine;

namespace RuntimeGVisor.Controller.CommandLine;

/// <summary>
/// The flags of the controller. Names and meanings are those that Gardener's charts pass to extensions, so that a chart of the Go
/// extension starts this program too; an unknown flag ends it with an error.
/// </summary>
internal sealed class ControllerCommand
{
    private const string NamespaceVariable = "LEADER_ELECTION_NAMESPACE";

    private readonly Option<string?> _kubeconfig = Flags.Text(
        "--kubeconfig", "Kubeconfig of the seed. Without it: the variable KUBECONFIG, then the pod's ServiceAccount, then ~/.kube/config.");

    private readonly Option<string?> _master = Flags.Text("--master", "Address of the API server, instead of the kubeconfig's.");

    private readonly Option<string> _leaderElection = Flags.Switch(
        "--leader-election", "Work only while holding the Lease, so that two replicas never do the same.", otherwise: true);

    private readonly Option<string?> _leaderElectionId = Flags.Text(
        "--leader-election-id", "Name of the Lease.", () => "runtime-gvisor-leader-election");

    private readonly Option<string?> _leaderElectionNamespace = Flags.Text(
        "--leader-election-namespace",
        $"Namespace of the Lease. Default: the variable {NamespaceVariable}, then the pod's own.",
        Flags.Variable(NamespaceVariable));

    private readonly Option<string?> _heartbeatNamespace = Flags.Text(
        "--heartbeat-namespace",
        $"Namespace of the heartbeat Lease. Default: the variable {NamespaceVariable}, then the pod's own.",
        Flags.Variable(NamespaceVariable));

    private readonly Option<int> _heartbeatRenewIntervalSeconds = Flags.Positive(
        "--heartbeat-renew-interval-seconds", "Seconds between two heartbeats.", otherwise: 30);

    private readonly Option<string?> _metricsBindAddress = Flags.Text(
        "--metrics-bind-address", "Address of /metrics, HOST:PORT; 0 turns it off.", () => ":8080");

    private readonly Option<string?> _healthBindAddress = Flags.Text(
        "--health-bind-address", "Address of /healthz and /readyz, HOST:PORT; 0 turns them off.", () => ":8081");

    private readonly Option<int> _maxConcurrentReconciles = Flags.Positive(
        "--max-concurrent-reconciles", "Objects that are reconciled at the same time.", otherwise: 5);

    private readonly Option<string> _ignoreOperationAnnotation = Flags.Switch(
        "--ignore-operation-annotation",
        "Reconcile whenever a specification changes instead of when gardenlet asks. For development.",
        otherwise: false);

    private readonly Option<string> _healthConditions = Flags.Switch(
        "--health-conditions",
        "Show the health of the objects in the shoot as condition SystemComponentsHealthy. Turned off, the condition is taken away.",
        otherwise: false);

    /// <summary>Flags of the Go extension that mean nothing here, so that a Deployment written for it starts this program, too.</summary>
    private readonly Option<string?>[] _ignored =
    [
        Ignored("--self-hosted-shoot-cluster"),
        Ignored("--webhook-config-server-host"),
        Ignored("--webhook-config-server-port"),
        Ignored("--webhook-config-cert-dir"),
        Ignored("--healthcheck-max-concurrent-reconciles"),
    ];

    private readonly Option<string[]> _extensionClasses = new("--extension-classes")
    {
        Description = "Classes of extension objects to work on, separated by commas. Default: shoot.",
        DefaultValueFactory = _ => [],
        CustomParser = result => [.. result.Tokens.SelectMany(token => token.Value.Split(',', StringSplitOptions.TrimEntries))],
    };

    private readonly Option<string> _logLevel = Flags.OneOf("--log-level", "How much is logged.", "info", "debug", "error");

    private readonly Option<string> _logFormat = Flags.OneOf("--log-format", "How it is logged.", "json", "text");

    private readonly Option<string?> _gardenerVersion = Flags.Text(
        "--gardener-version", "Version of the gardenlet that installed this extension; only logged.");

    private readonly RenderingFlags _rendering = new();

    /// <summary>Adds the flags to a command and runs the controller when it is chosen.</summary>
    public void AddTo(Command command, Func<ControllerOptions, CancellationToken, Task<int>> run)
    {
        foreach (var option in (Option[])[
            _kubeconfig, _master, _leaderElection, _leaderElectionId, _leaderElectionNamespace, _heartbeatNamespace,
            _heartbeatRenewIntervalSeconds, _metricsBindAddress, _healthBindAddress, _maxConcurrentReconciles, _ignoreOperationAnnotation,
            _healthConditions, _extensionClasses, _logLevel, _logFormat, _gardenerVersion, .. _ignored])
        {
            command.Options.Add(option);
        }

        _rendering.AddTo(command);
        command.SetAction((result, cancellationToken) => run(Read(result), cancellationToken));
    }

    private static Option<string?> Ignored(string name)
    {
        var option = Flags.Text(name, "Ignored.");
        option.Hidden = true;
        return option;
    }

    private ControllerOptions Read(ParseResult result) => new()
    {
        Kubeconfig = result.GetValue(_kubeconfig),
        Master = result.GetValue(_master),
        LeaderElection = result.IsOn(_leaderElection),
        LeaderElectionId = result.GetValue(_leaderElectionId)!,
        LeaderElectionNamespace = result.GetValue(_leaderElectionNamespace),
        HeartbeatNamespace = result.GetValue(_heartbeatNamespace),
        HeartbeatRenewIntervalSeconds = result.GetValue(_heartbeatRenewIntervalSeconds),
        MetricsBindAddress = result.GetValue(_metricsBindAddress)!,
        HealthBindAddress = result.GetValue(_healthBindAddress)!,
        MaxConcurrentReconciles = result.GetValue(_maxConcurrentReconciles),
        IgnoreOperationAnnotation = result.IsOn(_ignoreOperationAnnotation),
        HealthConditions = result.IsOn(_healthConditions),
        ExtensionClasses = [.. result.GetValue(_extensionClasses) ?? []],
        LogLevel = result.GetValue(_logLevel)!,
        LogFormat = result.GetValue(_logFormat)!,
        GardenerVersion = result.GetValue(_gardenerVersion),
        IgnoredFlags = [.. _ignored.Where(option => result.GetResult(option) is { Implicit: false }).Select(option => option.Name)],
        Rendering = _rendering.Read(result),
    };
}
