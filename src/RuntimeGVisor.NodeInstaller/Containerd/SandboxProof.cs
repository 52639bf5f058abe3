// SPDX-License-Identifier: Apache-2.0

using System.Text.Json;
using Grpc.Core;
using RuntimeGVisor.NodeInstaller.CommandLine;
using RuntimeGVisor.NodeInstaller.Containerd.V1;

namespace RuntimeGVisor.NodeInstaller.Containerd;

/// <summary>
/// Proves that containerd's handler runs gVisor: starts a sandbox with it, and in the sandbox this very program, which prints the kernel's
/// log. No image is needed beside the one of the sandbox itself, which every node of a cluster has.
/// </summary>
internal sealed class SandboxProof(ContainerRuntimeClient client, TimeProvider time)
{
    /// <summary>The installer's own proofs.</summary>
    public const string InstallPurpose = "proof";

    /// <summary>Proofs that a person asked for.</summary>
    public const string VerifyPurpose = "verify";

    private const string Namespace = "gvisor-node-installer";
    private const string Label = "gvisor-node-installer/purpose";
    private const string ProgramInSandbox = "/gvisor-node-installer";
    private const string LogFile = "proof.log";
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan ExitTimeout = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(10);

    /// <summary>Starts the sandbox and reads the kernel's log. The sandbox of a proof that succeeds stays until it is removed.</summary>
    /// <param name="handler">The handler to prove.</param>
    /// <param name="purpose">Who asks; two at the same time must not remove each other's sandboxes.</param>
    /// <param name="program">Path of this program on the node.</param>
    /// <param name="logDirectory">A directory on the node for the container's output.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="SandboxProofException">The sandbox does not start or is not gVisor's.</exception>
    public async Task RunAsync(string handler, string purpose, string program, string logDirectory, CancellationToken cancellationToken)
    {
        await RemoveAllAsync(purpose, cancellationToken);
        var config = SandboxConfig(purpose, logDirectory);
        string? sandbox = null;
        var isProven = false;
        try
        {
            var started = await client.Runtime.RunPodSandboxAsync(
                new() { Config = config, RuntimeHandler = handler }, client.Limited(cancellationToken, StartTimeout));
            sandbox = started.PodSandboxId;
            var log = await RunProgramAsync(sandbox, config, program, cancellationToken);
            isProven = log.Contains("gVisor", StringComparison.Ordinal)
                ? true
                : throw new SandboxProofException($"the kernel in the sandbox is not gVisor's; its log begins with: {FirstLine(log)}");
        }
        catch (RpcException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw new SandboxProofException(Explain(exception.Status.Detail)) { IsNoVerdict = exception.Status.DebugException is not null };
        }
        finally
        {
            if (sandbox is not null && !isProven)
            {
                await RemoveAsync(sandbox);
            }
        }
    }

    /// <summary>Removes the sandboxes of proofs, also those that a killed process left.</summary>
    /// <exception cref="SandboxProofException">They cannot be listed.</exception>
    public async Task RemoveAllAsync(string purpose, CancellationToken cancellationToken)
    {
        try
        {
            var filter = new PodSandboxFilter { LabelSelector = { [Label] = purpose } };
            var all = await client.Runtime.ListPodSandboxAsync(new() { Filter = filter }, client.Limited(cancellationToken));
            foreach (var sandbox in all.Items)
            {
                await RemoveAsync(sandbox.Id);
            }
        }
        catch (RpcException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw new SandboxProofException($"the sandboxes cannot be listed: {exception.Status.Detail}");
        }
    }

    private static PodSandboxConfig SandboxConfig(string purpose, string logDirectory) => new()
    {
        Metadata = new() { Name = purpose, Uid = OwningPod.Uid, Namespace = Namespace, Attempt = (uint)Random.Shared.Next() },
        LogDirectory = logDirectory,
        Labels = { [Label] = purpose },
        // The node's own network: the proof must not wait for a network plugin, which may come up after this program.
        Linux = new() { SecurityContext = new() { NamespaceOptions = new() { Network = NamespaceMode.Node } } },
    };

    private async Task<string> RunProgramAsync(string sandbox, PodSandboxConfig config, string program, CancellationToken cancellationToken)
    {
        var status = await client.Runtime.PodSandboxStatusAsync(
            new() { PodSandboxId = sandbox, Verbose = true }, client.Limited(cancellationToken));
        var container = new ContainerConfig
        {
            Metadata = new() { Name = "proof" },
            Image = new() { Image = ImageOf(status) },
            Command = { ProgramInSandbox },
            Args = { Arguments.KernelLogVerb },
            Mounts = { new Mount { HostPath = program, ContainerPath = ProgramInSandbox, Readonly = true } },
            LogPath = LogFile,
            Labels = { OwningPod.ContainerLabels },
            Annotations = { OwningPod.ContainerAnnotations },
            Linux = new() { SecurityContext = new() { NamespaceOptions = new() { Network = NamespaceMode.Node } } },
        };
        var created = await client.Runtime.CreateContainerAsync(
            new() { PodSandboxId = sandbox, Config = container, SandboxConfig = config }, client.Limited(cancellationToken, StartTimeout));
        await client.Runtime.StartContainerAsync(new() { ContainerId = created.ContainerId }, client.Limited(cancellationToken, StartTimeout));
        var exit = await WaitForExitAsync(created.ContainerId, cancellationToken);
        var log = await ReadLogAsync(Path.Join(config.LogDirectory, LogFile), cancellationToken);
        return exit.ExitCode == 0
            ? log
            : throw new SandboxProofException($"the program in the sandbox ended with {exit.ExitCode} {exit.Reason} {exit.Message} {FirstLine(log)}".Trim());
    }

    private async Task<ContainerStatus> WaitForExitAsync(string container, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        while (true)
        {
            var status = await client.Runtime.ContainerStatusAsync(new() { ContainerId = container }, client.Limited(cancellationToken));
            if (status.Status.State == ContainerState.ContainerExited)
            {
                return status.Status;
            }

            if (time.GetElapsedTime(started) > ExitTimeout)
            {
                throw new SandboxProofException($"the program in the sandbox did not end within {ExitTimeout.TotalSeconds:0} s");
            }

            await Task.Delay(PollInterval, time, cancellationToken);
        }
    }

    // containerd writes the output behind the container's end.
    private async Task<string> ReadLogAsync(string path, CancellationToken cancellationToken)
    {
        for (var attempt = 0; attempt < 50; attempt++)
        {
            if (File.Exists(path) && await File.ReadAllTextAsync(path, cancellationToken) is { Length: > 0 } text)
            {
                return text;
            }

            await Task.Delay(PollInterval, time, cancellationToken);
        }

        return "";
    }

    private async Task RemoveAsync(string sandbox)
    {
        try
        {
            // Also when the caller has given up: a sandbox left behind would count as one that uses gVisor.
            await client.Runtime.StopPodSandboxAsync(new() { PodSandboxId = sandbox }, client.Limited(CancellationToken.None, StartTimeout));
            await client.Runtime.RemovePodSandboxAsync(new() { PodSandboxId = sandbox }, client.Limited(CancellationToken.None, StartTimeout));
        }
        catch (RpcException)
        {
            // The next proof removes it.
        }
    }

    private static string ImageOf(PodSandboxStatusResponse status)
    {
        if (status.Info.TryGetValue("info", out var info))
        {
            using var document = JsonDocument.Parse(info);
            if (document.RootElement.TryGetProperty("image", out var image) && image.GetString() is { Length: > 0 } name)
            {
                return name;
            }
        }

        throw new SandboxProofException("containerd does not say which image the sandbox has");
    }

    private static string Explain(string detail) => detail switch
    {
        _ when detail.Contains("no runtime for", StringComparison.Ordinal) => $"containerd does not serve the handler: {detail}",
        _ when detail.Contains("not installed", StringComparison.Ordinal) =>
            $"containerd does not find the shim; the binary directory must be on the PATH of its service: {detail}",
        _ when detail.Contains("image", StringComparison.Ordinal) => $"the image of the sandbox cannot be had: {detail}",
        _ => $"the sandbox does not start: {detail}",
    };

    private static string FirstLine(string text) => text.Split('\n')[0];
}

/// <summary>The sandbox does not start or is not gVisor's.</summary>
internal sealed class SandboxProofException(string message) : Exception(message)
{
    /// <summary>containerd went away instead of answering, which says nothing of the sandbox.</summary>
    public bool IsNoVerdict { get; init; }
}
