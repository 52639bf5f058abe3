// SPDX-License-Identifier: Apache-2.0

using System.Text;
using System.Text.Json.Nodes;
using ControlPlane;
using Kubernetes.Controllers.Serialization;

namespace Integration.Tests;

/// <summary>The example of an extension on our libraries, made as a stranger makes it: from packages, outside of the repository's build.</summary>
public sealed class SecondExtensionTests(SharedSeed seed) : IAsyncLifetime
{
    private const string Extensions = "/apis/extensions.gardener.cloud/v1alpha1/namespaces";
    private const string Definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

    private static readonly TimeSpan BuildTimeout = TimeSpan.FromMinutes(10);

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("second-extension-");

    private static CancellationToken CancellationToken => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        var definition = YamlDocuments.Read(Repository.Read("example/second-extension/extensions-crd.yaml"))[0]!.AsObject();
        var name = (string)definition["metadata"]!["name"]!;
        await seed.Api.CreateAsync(Definitions, definition);
        await Eventually.GetAsync(
            $"{name} is served",
            () => seed.Api.GetAsync($"{Definitions}/{name}"),
            value => value["status"]?["conditions"]?.AsArray().Any(condition =>
                (string?)condition!["type"] == "Established" && (string?)condition["status"] == "True") == true);
    }

    public ValueTask DisposeAsync()
    {
        _directory.Delete(recursive: true);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task An_extension_of_another_kind_runs_on_the_packed_libraries()
    {
        var program = await BuildAsync();
        await using var extension = ChildProcess.Start(
            ["dotnet", program], new Dictionary<string, string?> { ["KUBECONFIG"] = seed.ControlPlane.AdminKubeconfig });
        var shoot = await Shoot.CreateAsync(seed.Api);
        var path = $"{Extensions}/{shoot.Namespace}/extensions";

        await seed.Api.CreateAsync(path, ExtensionObject(new JsonObject { ["text"] = 1 }));
        var refused = await WaitForAsync($"{path}/notice", "Error", extension);
        ((string?)refused["status"]!["lastError"]!["description"]).Should().Contain("providerConfig.text: must be a text");
        refused["status"]!["lastError"]!["codes"]!.AsArray().Select(code => (string?)code).Should().Equal("ERR_CONFIGURATION_PROBLEM");

        await seed.Api.PatchAsync($"{path}/notice", ExtensionObject(new JsonObject { ["text"] = "Mind the step." }));
        await WaitForAsync($"{path}/notice", "Succeeded", extension);
        var carrier = (await shoot.ManagedResourcesAsync())["extension-notice-notice"];
        var secret = (await shoot.SecretsAsync())[(string)carrier["spec"]!["secretRefs"]![0]!["name"]!];
        Encoding.UTF8.GetString(Convert.FromBase64String((string)secret["data"]!["config.yaml"]!)).Should().Contain("text: \"Mind the step.\"");

        await seed.Api.DeleteAsync($"{path}/notice");
        await Eventually.GetAsync("the object is gone", () => seed.Api.FindAsync($"{path}/notice"), value => value is null);
        (await shoot.ManagedResourcesAsync()).Should().BeEmpty();
    }

    private static JsonObject ExtensionObject(JsonObject providerConfig) => new()
    {
        ["apiVersion"] = "extensions.gardener.cloud/v1alpha1",
        ["kind"] = "Extension",
        ["metadata"] = new JsonObject
        {
            ["name"] = "notice",
            ["annotations"] = new JsonObject { ["gardener.cloud/operation"] = "reconcile" },
        },
        ["spec"] = new JsonObject { ["type"] = "notice", ["providerConfig"] = providerConfig },
    };

    private Task<JsonObject> WaitForAsync(string path, string state, ChildProcess extension) => Eventually.GetAsync(
        $"{path} {state}",
        async () => extension.HasExited ? throw new InvalidOperationException(extension.ToString()) : await seed.Api.GetAsync(path),
        value => (string?)value["status"]?["lastOperation"]?["state"] == state);

    /// <summary>Only our packages come from the feed; what others made is there already, since our own build needs the same.</summary>
    private async Task<string> BuildAsync()
    {
        var packages = _directory.CreateSubdirectory("feed").FullName;
        var output = _directory.CreateSubdirectory("output").FullName;
        var cache = Environment.GetEnvironmentVariable("NUGET_PACKAGES") is { Length: > 0 } path
            ? path
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        // Build servers that outlive the command would hold its output open.
        var environment = new Dictionary<string, string?> { ["MSBUILDDISABLENODEREUSE"] = "1", ["UseSharedCompilation"] = "false" };
        await ChildProcess.GetOutputAsync([Repository.Script("pack.sh"), packages], environment, BuildTimeout, CancellationToken);
        await ChildProcess.GetOutputAsync(
            [
                "dotnet", "build", Repository.PathOf("example/second-extension"), "-c", "Release", "--nologo", "-v", "quiet",
                "--artifacts-path", output, $"-p:RestoreSources={packages}", $"-p:RestoreFallbackFolders={cache}",
                $"-p:RestorePackagesPath={Path.Combine(output, "packages")}", "-p:NuGetAudit=false",
            ],
            environment,
            BuildTimeout,
            CancellationToken);
        return Path.Combine(output, "bin", "SecondExtension", "release", "SecondExtension.dll");
    }
}
