// SPDX-License-Identifier: Apache-2.0

using System.CommandLine;
using System.CommandLine.Parsing;

namespace RuntimeGVisor.Controller.CommandLine;

/// <summary>
/// The flags of the controller. Names and meanings are those that Gardener's charts pass to extensions, so that a chart of the Go
/// extension starts this program too; an unknown flag ends it with an error.
/// </summary>
internal sealed class ControllerCommand
{
    private const string LeaderElectionNamespaceVariable = "LEADER_ELECTION_NAMESPACE";

    private readonly Option<string?> _kubeconfig = new("--kubeconfig")
    {
        Description = "Kubeconfig of the seed. Without it: the variable KUBECONFIG, then the pod's ServiceAccount, then ~/.kube/config.",
    };

    private readonly Option<string?> _master = new("--master") { Description = "Address of the API server, instead of the kubeconfig's." };

    private readonly Option<bool> _leaderElection = new("--leader-election")
    {
        Description = "Work only while holding the Lease, so that two replicas never do the same.",
        DefaultValueFactory = _ => true,
    };

    private readonly Option<string> _leaderElectionId = new("--leader-election-id")
    {
        Description = "Name of the Lease.",
        DefaultValueFactory = _ => "runtime-gvisor-leader-election",
    };

    private readonly Option<string?> _leaderElectionNamespace = new("--leader-election-namespace")
    {
        Description = $"Namespace of the Lease. Default: the variable {LeaderElectionNamespaceVariable}, then the pod's own.",
        DefaultValueFactory = _ => Environment.GetEnvironmentVariable(LeaderElectionNamespaceVariable),
    };

    private readonly Option<string?> _heartbeatNamespace = new("--heartbeat-namespace")
    {
        Description = $"Namespace of the heartbeat Lease. Default: the variable {LeaderElectionNamespaceVariable}, then the pod's own.",
        DefaultValueFactory = _ => Environment.GetEnvironmentVariable(LeaderElectionNamespaceVariable),
    };

    private readonly Option<int> _heartbeatRenewIntervalSeconds = Positive("--heartbeat-renew-interval-seconds", 30, "Seconds between two heartbeats.");

    private readonly Option<string> _metricsBindAddress = new("--metrics-bind-address")
    {
        Description = "Address of /metrics, HOST:PORT; 0 turns it off.",
        DefaultValueFactory = _ => ":8080",
    };

    private readonly Option<string> _healthBindAddress = new("--health-bind-address")
    {
        Description = "Address of /healthz and /readyz, HOST:PORT; 0 turns them off.",
        DefaultValueFactory = _ => ":8081",
    };

    private readonly Option<int> _maxConcurrentReconciles = Positive("--max-concurrent-reconciles", 5, "Objects that are reconciled at the same time.");

    private readonly Option<bool> _ignoreOperationAnnotation = new("--ignore-operation-annotation")
    {
        Description = "Reconcile whenever a specification changes instead of when gardenlet asks. For development.",
        DefaultValueFactory = _ => false,
    };

    private readonly Option<string[]> _extensionClasses = new("--extension-classes")
    {
        Description = "Classes of extension objects to work on: garden, seed, shoot. Default: shoot.",
        DefaultValueFactory = _ => [],
        CustomParser = result => [.. result.Tokens.SelectMany(token => token.Value.Split(',', StringSplitOptions.TrimEntries))],
    };

    private readonly Option<string> _logLevel = OneOf("--log-level", ["info", "debug", "error"], "How much is logged.");

    private readonly Option<string> _logFormat = OneOf("--log-format", ["json", "text"], "How it is logged.");

    private readonly Option<string?> _gardenerVersion = new("--gardener-version")
    {
        Description = "Version of the gardenlet that installed this extension; only logged.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private readonly RenderingFlags _rendering = new();

    /// <summary>Adds the flags to a command and runs the controller when it is chosen.</summary>
    public void AddTo(Command command, Func<ControllerOptions, CancellationToken, Task<int>> run)
    {
        foreach (var option in (Option[])[
            _kubeconfig, _master, _leaderElection, _leaderElectionId, _leaderElectionNamespace, _heartbeatNamespace,
            _heartbeatRenewIntervalSeconds, _metricsBindAddress, _healthBindAddress, _maxConcurrentReconciles, _ignoreOperationAnnotation,
            _extensionClasses, _logLevel, _logFormat, _gardenerVersion])
        {
            command.Options.Add(option);
        }

        _rendering.AddTo(command);
        command.SetAction((result, cancellationToken) => run(Read(result), cancellationToken));
    }

    private ControllerOptions Read(ParseResult result) => new()
    {
        Kubeconfig = Text(result.GetValue(_kubeconfig)),
        Master = Text(result.GetValue(_master)),
        LeaderElection = result.GetValue(_leaderElection),
        LeaderElectionId = result.GetValue(_leaderElectionId)!,
        LeaderElectionNamespace = Text(result.GetValue(_leaderElectionNamespace)),
        HeartbeatNamespace = Text(result.GetValue(_heartbeatNamespace)),
        HeartbeatRenewIntervalSeconds = result.GetValue(_heartbeatRenewIntervalSeconds),
        MetricsBindAddress = result.GetValue(_metricsBindAddress)!,
        HealthBindAddress = result.GetValue(_healthBindAddress)!,
        MaxConcurrentReconciles = result.GetValue(_maxConcurrentReconciles),
        IgnoreOperationAnnotation = result.GetValue(_ignoreOperationAnnotation),
        ExtensionClasses = [.. result.GetValue(_extensionClasses) ?? []],
        LogLevel = result.GetValue(_logLevel)!,
        LogFormat = result.GetValue(_logFormat)!,
        GardenerVersion = Text(result.GetValue(_gardenerVersion)),
        Rendering = _rendering.Read(result),
    };

    private static string? Text(string? value) => string.IsNullOrEmpty(value) ? null : value;

    private static Option<int> Positive(string name, int otherwise, string description)
    {
        var option = new Option<int>(name) { Description = description, DefaultValueFactory = _ => otherwise };
        option.Validators.Add(result =>
        {
            if (result.Errors.Any() || result.GetValueOrDefault<int>() > 0)
            {
                return;
            }

            result.AddError($"{name}: '{Given(result)}' is not allowed: a whole number above 0.");
        });
        return option;
    }

    private static Option<string> OneOf(string name, string[] allowed, string description)
    {
        var option = new Option<string>(name) { Description = description, DefaultValueFactory = _ => allowed[0] };
        option.Validators.Add(result =>
        {
            if (!allowed.Contains(result.GetValueOrDefault<string>()))
            {
                result.AddError($"{name}: '{Given(result)}' is not allowed: one of {string.Join(", ", allowed)}.");
            }
        });
        return option;
    }

    private static string Given(OptionResult result) => string.Join(' ', result.Tokens.Select(token => token.Value));
}
