// SPDX-License-Identifier: Apache-2.0

using System.Globalization;
using System.Text.Json.Nodes;

namespace ControlPlane;

/// <summary>A real Prometheus, from Debian, that scrapes one program on this machine every second.</summary>
public sealed class PrometheusServer : IAsyncDisposable
{
    /// <summary>The labels that the seed's Prometheus gives to what it scrapes of the extension.</summary>
    public const string Job = "runtime-gvisor";

    private readonly ChildProcess _process;
    private readonly HttpClient _http;
    private readonly string _directory;

    private PrometheusServer(ChildProcess process, int port, string directory)
    {
        _process = process;
        _directory = directory;
        _http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}"), Timeout = TimeSpan.FromSeconds(30) };
    }

    /// <summary>Starts it and waits until it has scraped the program often enough for rates.</summary>
    /// <param name="metricsPort">The program's port on 127.0.0.1.</param>
    /// <param name="ruleFile">Rules that it evaluates every second.</param>
    /// <param name="cancellationToken">Ends the start.</param>
    public static async Task<PrometheusServer> StartAsync(int metricsPort, string ruleFile, CancellationToken cancellationToken)
    {
        var package = await DebianPackage.UnpackAsync("prometheus", cancellationToken);
        var directory = Directory.CreateTempSubdirectory("prometheus-").FullName;
        var configuration = Path.Combine(directory, "prometheus.yaml");
        await File.WriteAllTextAsync(
            configuration,
            string.Create(CultureInfo.InvariantCulture, $$"""
                global:
                  scrape_interval: 1s
                  scrape_timeout: 1s
                  evaluation_interval: 1s
                rule_files: ["{{ruleFile}}"]
                scrape_configs:
                - job_name: {{Job}}
                  static_configs:
                  - targets: ["127.0.0.1:{{metricsPort}}"]
                    labels: {pod: gardener-extension-runtime-gvisor-0, namespace: {{LocalControlPlane.ExtensionNamespace}}}
                """),
            cancellationToken);
        var port = FreePorts.Next();
        var process = ChildProcess.Start(
            [
                Path.Combine(package, "usr", "bin", "prometheus"),
                $"--config.file={configuration}",
                $"--storage.tsdb.path={Path.Combine(directory, "data")}",
                string.Create(CultureInfo.InvariantCulture, $"--web.listen-address=127.0.0.1:{port}"),
            ]);
        var server = new PrometheusServer(process, port, directory);
        try
        {
            await Eventually.TrueAsync("three scrapes by Prometheus", async () =>
                await server.TryQueryAsync($"count_over_time(up{{job=\"{Job}\"}}[1m]) >= 3") is [_, ..]);
            return server;
        }
        catch (Exception exception)
        {
            await server.DisposeAsync();
            throw new InvalidOperationException($"Prometheus does not scrape the controller:\n{process.Output}", exception);
        }
    }

    /// <summary>The series that an expression gives now.</summary>
    /// <exception cref="HttpRequestException">Prometheus refuses the expression.</exception>
    public async Task<JsonArray> QueryAsync(string expression) =>
        (await GetAsync($"/api/v1/query?query={Uri.EscapeDataString(expression)}"))["data"]!["result"]!.AsArray();

    /// <summary>The names of all metrics that it has scraped.</summary>
    public async Task<IReadOnlySet<string>> MetricNamesAsync() =>
        (await GetAsync("/api/v1/label/__name__/values"))["data"]!.AsArray().Select(name => (string)name!).ToHashSet(StringComparer.Ordinal);

    /// <summary>The alerting rules with name, query, health and last error.</summary>
    public async Task<IReadOnlyList<JsonObject>> AlertsAsync() =>
        [.. (await GetAsync("/api/v1/rules?type=alert"))["data"]!["groups"]!.AsArray().SelectMany(group => group!["rules"]!.AsArray()).Select(rule => rule!.AsObject())];

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _process.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    private async Task<JsonArray> TryQueryAsync(string expression)
    {
        if (_process.HasExited)
        {
            throw new InvalidOperationException($"Prometheus ended with code {_process.ExitCode}.");
        }

        try
        {
            return await QueryAsync(expression);
        }
        catch (HttpRequestException)
        {
            // It does not listen yet.
            return [];
        }
    }

    private async Task<JsonNode> GetAsync(string path)
    {
        using var response = await _http.GetAsync(new Uri(path, UriKind.Relative));
        var text = await response.Content.ReadAsStringAsync();
        return response.IsSuccessStatusCode
            ? JsonNode.Parse(text)!
            : throw new HttpRequestException($"Prometheus answers {(int)response.StatusCode} to {path}: {text}", null, response.StatusCode);
    }
}
