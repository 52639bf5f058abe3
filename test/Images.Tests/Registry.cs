// SPDX-License-Identifier: Apache-2.0

using System.Net.Http.Headers;
using System.Text.RegularExpressions;
using ControlPlane;

namespace Images.Tests;

/// <summary>A real registry, from Debian, on this machine: empty at first, open to everybody, without TLS.</summary>
internal sealed partial class Registry : IAsyncDisposable
{
    private readonly ChildProcess _process;
    private readonly string _directory;
    private readonly HttpClient _http;

    private Registry(ChildProcess process, string directory, string address)
    {
        _process = process;
        _directory = directory;
        Address = address;
        _http = new HttpClient { BaseAddress = new Uri($"http://{address}"), Timeout = TimeSpan.FromSeconds(30) };
        _http.DefaultRequestHeaders.Accept.Add(new MediaTypeWithQualityHeaderValue("application/vnd.oci.image.index.v1+json"));
        _http.DefaultRequestHeaders.Accept.Add(new MediaTypeWithQualityHeaderValue("application/vnd.oci.image.manifest.v1+json"));
    }

    /// <summary>Host and port, the beginning of the names of its images.</summary>
    public string Address { get; }

    public static async Task<Registry> StartAsync(CancellationToken cancellationToken)
    {
        var package = await DebianPackage.UnpackAsync("docker-registry", cancellationToken);
        var directory = Directory.CreateTempSubdirectory("registry-").FullName;
        var configuration = Path.Combine(directory, "registry.yaml");
        await File.WriteAllTextAsync(
            configuration,
            $$"""
            version: 0.1
            storage: {filesystem: {rootdirectory: "{{directory}}/data" } }
            http: {addr: "127.0.0.1:0"}
            """,
            cancellationToken);
        var process = ChildProcess.Start([Path.Combine(package, "usr/bin/docker-registry"), "serve", configuration]);
        try
        {
            await Eventually.TrueAsync("the registry listens", () => process.HasExited
                ? throw new InvalidOperationException($"The registry ended with code {process.ExitCode}.")
                : Task.FromResult(Listening().IsMatch(process.Output)));
            return new(process, directory, Listening().Match(process.Output).Groups["address"].Value);
        }
        catch (Exception exception)
        {
            await process.DisposeAsync();
            Directory.Delete(directory, recursive: true);
            throw new InvalidOperationException($"The registry does not start:\n{process.Output}", exception);
        }
    }

    /// <summary>What lies under a name and a tag or digest, and the digest that the registry gives it.</summary>
    /// <exception cref="HttpRequestException">There is nothing.</exception>
    public async Task<(byte[] Manifest, string Digest)> FindAsync(string name, string reference)
    {
        using var response = await _http.GetAsync(new Uri($"/v2/{name}/manifests/{reference}", UriKind.Relative));
        response.EnsureSuccessStatusCode();
        return (await response.Content.ReadAsByteArrayAsync(), response.Headers.GetValues("Docker-Content-Digest").Single());
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _process.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    [GeneratedRegex(@"listening on (?<address>127\.0\.0\.1:\d+)", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Listening();
}
