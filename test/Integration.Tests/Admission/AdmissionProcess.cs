// SPDX-License-Identifier: Apache-2.0

using ControlPlane;

namespace Integration.Tests.Admission;

/// <summary>The admission's executable, started as its Deployment starts it.</summary>
internal sealed class AdmissionProcess : IAsyncDisposable
{
    private readonly HttpClient _health;

    private AdmissionProcess(string kubeconfig)
    {
        WebhookPort = FreePorts.Next();
        var healthPort = FreePorts.Next();
        _health = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{healthPort}"), Timeout = TimeSpan.FromSeconds(10) };
        Process = ChildProcess.Start(
        [
            .. Repository.Admission,
            $"--kubeconfig={kubeconfig}",
            $"--namespace={Garden.Namespace}",
            $"--webhook-bind-address=127.0.0.1:{WebhookPort}",
            "--metrics-bind-address=0",
            $"--health-bind-address=127.0.0.1:{healthPort}",
            "--server-names=127.0.0.1",
        ]);
    }

    public ChildProcess Process { get; }

    public int WebhookPort { get; }

    /// <summary>Starts it and waits until it is ready.</summary>
    public static async Task<AdmissionProcess> StartAsync(string kubeconfig)
    {
        var process = new AdmissionProcess(kubeconfig);
        await Eventually.TrueAsync(
            "the admission's /readyz",
            async () => process.Process.HasExited ? throw new InvalidOperationException(process.Process.Output) : await process.IsReadyAsync());
        return process;
    }

    public async Task<bool> IsReadyAsync()
    {
        try
        {
            using var response = await _health.GetAsync(new Uri("/readyz", UriKind.Relative));
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        _health.Dispose();
        await Process.DisposeAsync();
    }
}
