// SPDX-License-Identifier: Apache-2.0

using System.Text.Json.Nodes;

namespace EndToEnd.Tests;

/// <summary>The pods of a shoot's owner, in the namespace <c>default</c>.</summary>
internal sealed class Pods(Landscape landscape)
{
    private const string Collection = "/api/v1/namespaces/default/pods";

    /// <summary>Creates a pod that does nothing but wait to be asked.</summary>
    public Task CreateAsync(string name, string? runtimeClass) => landscape.Cluster.Api.CreateAsync(
        Collection,
        new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = name },
            ["spec"] = new JsonObject
            {
                ["runtimeClassName"] = runtimeClass,
                ["terminationGracePeriodSeconds"] = 0,
                ["containers"] = new JsonArray(new JsonObject
                {
                    ["name"] = "shell",
                    ["image"] = "localhost/busybox:test",
                    ["command"] = new JsonArray("sleep", "infinity"),
                }),
            },
        });

    public Task<JsonObject?> FindAsync(string name) => landscape.Cluster.Api.FindAsync($"{Collection}/{name}");

    public async Task<JsonObject> GetAsync(string name) => await FindAsync(name) ?? throw new InvalidOperationException($"pod {name} is gone");

    public Task<JsonObject> WaitUntilRunningAsync(string name) => landscape.WaitAsync($"pod {name} Running", () => GetAsync(name), IsReady);

    /// <summary>Creates a pod and waits until it runs.</summary>
    public async Task RunAsync(string name, string? runtimeClass)
    {
        await CreateAsync(name, runtimeClass);
        await WaitUntilRunningAsync(name);
    }

    public async Task DeleteAsync(string name)
    {
        await landscape.Cluster.Api.DeleteAsync($"{Collection}/{name}");
        await landscape.WaitAsync($"pod {name} gone", async () => await FindAsync(name) is null);
    }

    /// <summary>Runs a command line in the pod's shell; its exit code does not matter.</summary>
    public Task<string> ShellAsync(string name, string commandLine) =>
        landscape.Cluster.Api.ExecAsync($"{Collection}/{name}", ["sh", "-c", $"{commandLine}; true"], TestContext.Current.CancellationToken);

    /// <summary>Identifies the run of the pod's container: another one after any restart.</summary>
    public async Task<string> ContainerAsync(string name) => (string)(await GetAsync(name))["status"]!["containerStatuses"]![0]!["containerID"]!;

    /// <summary>The program on the node that is the pod's sandbox; its path names gVisor's version.</summary>
    public async Task<string> SandboxExecutableAsync(string name)
    {
        // containerd also knows the pod's earlier sandboxes, such as those before a reboot, until the kubelet forgets them.
        var sandboxes = (await landscape.Cluster.OnNodeAsync(
            "ctr", "-n", "k8s.io", "containers", "ls", "-q",
            $"labels.\"io.kubernetes.pod.uid\"=={(await GetAsync(name))["metadata"]!["uid"]},labels.\"io.cri-containerd.kind\"==sandbox"))
            .Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return (from process in Directory.EnumerateDirectories("/proc")
                where int.TryParse(Path.GetFileName(process), out _)
                let arguments = CommandLine(process)
                where arguments is ["runsc-sandbox", ..] && arguments.Intersect(sandboxes).Any()
                select new FileInfo($"{process}/exe").LinkTarget!).Single();
    }

    internal static bool IsReady(JsonObject pod) =>
        pod["status"]?["conditions"]?.AsArray().Any(condition => (string?)condition!["type"] == "Ready" && (string?)condition["status"] == "True") == true
        && pod["metadata"]!["deletionTimestamp"] is null;

    private static string[] CommandLine(string process)
    {
        try
        {
            return File.ReadAllText($"{process}/cmdline").Split('\0');
        }
        catch (IOException)
        {
            return [];
        }
    }
}
