// SPDX-License-Identifier: Apache-2.0

using System.Globalization;

namespace ControlPlane;

/// <summary>How a controller is started.</summary>
public sealed record ControllerOptions
{
    public required string Kubeconfig { get; init; }

    public bool LeaderElection { get; init; }

    public int? Workers { get; init; }

    /// <summary>More arguments.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>More environment variables.</summary>
    public IReadOnlyDictionary<string, string?> Environment { get; init; } = new Dictionary<string, string?>();
}

/// <summary>The controller's executable, started as its Deployment starts it.</summary>
public sealed class ControllerProcess : IAsyncDisposable
{
    private readonly HttpClient _health;

    private ControllerProcess(ChildProcess process, int healthPort, int metricsPort)
    {
        Process = process;
        MetricsPort = metricsPort;
        _health = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{healthPort}"), Timeout = TimeSpan.FromSeconds(30) };
    }

    public ChildProcess Process { get; }

    public int MetricsPort { get; }

    /// <summary>What <c>/metrics</c> answers.</summary>
    public async Task<string> ReadMetricsAsync() => await _health.GetStringAsync(new Uri($"http://127.0.0.1:{MetricsPort}/metrics"));

    public static ControllerProcess Start(ControllerOptions options)
    {
        var healthPort = FreePorts.Next();
        var metricsPort = FreePorts.Next();
        var environment = new Dictionary<string, string?>(options.Environment, StringComparer.Ordinal);
        environment.TryAdd("LEADER_ELECTION_NAMESPACE", LocalControlPlane.ExtensionNamespace);
        string[] workers = options.Workers is { } count ? [string.Create(CultureInfo.InvariantCulture, $"--max-concurrent-reconciles={count}")] : [];
        var process = ChildProcess.Start(
            [
                .. Repository.Controller,
                $"--kubeconfig={options.Kubeconfig}",
                $"--leader-election={(options.LeaderElection ? "true" : "false")}",
                "--ignore-operation-annotation=false",
                $"--health-bind-address=127.0.0.1:{healthPort}",
                $"--metrics-bind-address=127.0.0.1:{metricsPort}",
                .. workers,
                .. options.Arguments,
            ],
            environment);
        return new ControllerProcess(process, healthPort, metricsPort);
    }

    /// <summary>Whether <c>/readyz</c> or <c>/healthz</c> answers 200; false also while nothing listens yet.</summary>
    public async Task<bool> AnswersAsync(string path)
    {
        try
        {
            using var response = await _health.GetAsync(new Uri(path, UriKind.Relative));
            return response.IsSuccessStatusCode;
        }
        catch (Exception exception) when (exception is HttpRequestException or TaskCanceledException)
        {
            return false;
        }
    }

    public async Task WaitUntilReadyAsync()
    {
        try
        {
            await Eventually.TrueAsync(
                "the controller's /readyz",
                async () => Process.HasExited
                    ? throw new InvalidOperationException($"The controller ended with code {Process.ExitCode}.")
                    : await AnswersAsync("/readyz"));
        }
        catch (Exception exception)
        {
            throw new InvalidOperationException($"The controller does not become ready:\n{Process.Output}", exception);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _health.Dispose();
        await Process.DisposeAsync();
    }
}
