// SPDX-License-Identifier: Apache-2.0

using System.CommandLine;
using System.CommandLine.Invocation;
using Hosting;

namespace RuntimeGVisor.Admission.CommandLine;

/// <summary>The flags of the program.</summary>
internal sealed class AdmissionCommand
{
    private const string GardenVariable = "GARDEN_KUBECONFIG";

    private readonly Option<string> _kubeconfig = Text(
        "--kubeconfig", "Kubeconfig of the cluster that it runs in. Without it: the variable KUBECONFIG, then the pod's ServiceAccount.");

    private readonly Option<string> _gardenKubeconfig = Text(
        "--garden-kubeconfig",
        $"Kubeconfig of the virtual garden. Default: the variable {GardenVariable}, then the cluster that it runs in.",
        Environment.GetEnvironmentVariable(GardenVariable) ?? "");

    private readonly Option<string> _webhookBindAddress = Text("--webhook-bind-address", "Address of the webhook, HOST:PORT.", ":10250");

    private readonly Option<string> _metricsBindAddress = Text("--metrics-bind-address", "Address of /metrics, HOST:PORT; 0 turns it off.", ":8080");

    private readonly Option<string> _healthBindAddress = Text(
        "--health-bind-address", "Address of /healthz and /readyz, HOST:PORT; 0 turns them off.", ":8081");

    private readonly Option<string> _webhookConfigurationName = Text(
        "--webhook-configuration-name",
        "The ValidatingWebhookConfiguration whose caBundle is kept current.",
        "gardener-extension-admission-runtime-gvisor");

    private readonly Option<string> _serverNames = Text(
        "--server-names", "Host names in the certificate that it makes, separated by commas: by which API servers reach the webhook.");

    private readonly Option<string> _certificateDirectory = Text(
        "--certificate-directory",
        "Directory with tls.crt, tls.key and, optionally, ca.crt, read again when they change. Without it, it makes its own certificate.");

    private readonly Option<string> _certificateSecretName = Text(
        "--certificate-secret-name",
        "The Secret in which replicas share the certificate that they make.",
        "gardener-extension-admission-runtime-gvisor-tls");

    private readonly Option<string> _namespace = Text("--namespace", "Namespace of that Secret. Default: the pod's own.");

    private readonly Option<string> _flagPolicy = Text("--flag-policy", "File with the operator's policy: which of runsc's flags are allowed.");

    private readonly Option<int> _drainSeconds = new("--drain-seconds")
    {
        Description = "Seconds for which requests are still taken after it was told to end, until nobody sends them here any more.",
        DefaultValueFactory = _ => 5,
    };

    private readonly Option<string> _logLevel = OneOf("--log-level", "How much is logged.", "info", "debug", "error");

    private readonly Option<string> _logFormat = OneOf("--log-format", "How it is logged.", "json", "text");

    /// <summary>Signals are the program's own business: an orderly stop takes longer than the library would grant.</summary>
    public static InvocationConfiguration Invocation { get; } = new() { ProcessTerminationTimeout = null };

    /// <param name="run">Runs the program.</param>
    public static RootCommand Create(Func<AdmissionOptions, CancellationToken, Task<int>> run)
    {
        var flags = new AdmissionCommand();
        var root = new RootCommand("Rejects shoots whose gVisor configuration is wrong: a validating webhook for Gardener.");
        root.Options.OfType<VersionOption>().Single().Action = new PrintVersion();
        foreach (var option in (Option[])[
            flags._kubeconfig, flags._gardenKubeconfig, flags._webhookBindAddress, flags._metricsBindAddress, flags._healthBindAddress,
            flags._webhookConfigurationName, flags._serverNames, flags._certificateDirectory, flags._certificateSecretName, flags._namespace,
            flags._flagPolicy, flags._drainSeconds, flags._logLevel, flags._logFormat])
        {
            root.Options.Add(option);
        }

        root.SetAction((result, cancellationToken) => run(flags.Read(result), cancellationToken));
        return root;
    }

    private static Option<string> Text(string name, string description, string otherwise = "") => new(name)
    {
        Description = description,
        DefaultValueFactory = _ => otherwise,
    };

    private static Option<string> OneOf(string name, string description, params string[] allowed)
    {
        var option = Text(name, description, allowed[0]);
        option.AcceptOnlyFromAmong(allowed);
        return option;
    }

    private AdmissionOptions Read(ParseResult result) => new()
    {
        Kubeconfig = Given(result, _kubeconfig),
        GardenKubeconfig = Given(result, _gardenKubeconfig),
        WebhookBindAddress = result.GetValue(_webhookBindAddress)!,
        MetricsBindAddress = result.GetValue(_metricsBindAddress)!,
        HealthBindAddress = result.GetValue(_healthBindAddress)!,
        WebhookConfigurationName = result.GetValue(_webhookConfigurationName)!,
        ServerNames = [.. result.GetValue(_serverNames)!.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)],
        CertificateDirectory = Given(result, _certificateDirectory),
        CertificateSecretName = result.GetValue(_certificateSecretName)!,
        Namespace = Given(result, _namespace),
        FlagPolicy = Given(result, _flagPolicy),
        DrainTime = TimeSpan.FromSeconds(result.GetValue(_drainSeconds)),
        LogLevel = result.GetValue(_logLevel)!,
        LogFormat = result.GetValue(_logFormat)!,
    };

    /// <summary>An empty text is the same as none.</summary>
    private static string? Given(ParseResult result, Option<string> option) => result.GetValue(option) is { Length: > 0 } value ? value : null;

    private sealed class PrintVersion : SynchronousCommandLineAction
    {
        public override int Invoke(ParseResult parseResult)
        {
            parseResult.InvocationConfiguration.Output.WriteLine($"gardener-extension-admission-runtime-gvisor {BuildVersion.Text}");
            return 0;
        }
    }
}
