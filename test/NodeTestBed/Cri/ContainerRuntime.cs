// SPDX-License-Identifier: Apache-2.0

using System.Net.Sockets;
using Grpc.Core;
using Grpc.Net.Client;

namespace NodeTestBed.Cri;

/// <summary>containerd's CRI over its socket, in the few calls that the tests make of it.</summary>
public sealed class ContainerRuntime : IDisposable
{
    private readonly GrpcChannel _channel;
    private readonly RuntimeService.RuntimeServiceClient _client;
    private int _pods;

    public ContainerRuntime(string socketPath)
    {
        var handler = new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancellationToken) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                try
                {
                    await socket.ConnectAsync(new UnixDomainSocketEndPoint(socketPath), cancellationToken);
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }

                return new NetworkStream(socket, ownsSocket: true);
            },
        };
        // A restart of containerd must not leave the channel waiting in its own back-off.
        _channel = GrpcChannel.ForAddress(
            "http://localhost",
            new()
            {
                HttpHandler = handler,
                DisposeHttpClient = true,
                InitialReconnectBackoff = TimeSpan.FromMilliseconds(20),
                MaxReconnectBackoff = TimeSpan.FromMilliseconds(50),
            });
        _client = new(_channel);
    }

    public void Dispose() => _channel.Dispose();

    /// <summary>Whether the CRI answers and says that it is ready for pods.</summary>
    public async Task<bool> IsReadyAsync(CancellationToken cancellationToken)
    {
        try
        {
            var answer = await _client.StatusAsync(new(), Options(cancellationToken, TimeSpan.FromSeconds(2)));
            return answer.Status.Conditions.Any(condition => condition is { Type: "RuntimeReady", Status: true });
        }
        catch (RpcException)
        {
            return false;
        }
    }

    /// <summary>What containerd says of its own configuration: the verbose part of its status. Empty while it restarts.</summary>
    public async Task<string> ServedConfigurationAsync(CancellationToken cancellationToken)
    {
        try
        {
            var answer = await _client.StatusAsync(new() { Verbose = true }, Options(cancellationToken));
            return answer.Info["config"];
        }
        catch (RpcException exception) when (exception.StatusCode == StatusCode.Unavailable)
        {
            return "";
        }
    }

    /// <summary>Starts a pod of one container with the handler.</summary>
    public async Task<Pod> RunPodAsync(string handler, PodContainer container, CancellationToken cancellationToken)
    {
        var (name, config) = NewPod();
        var sandbox = await _client.RunPodSandboxAsync(new() { Config = config, RuntimeHandler = handler }, Options(cancellationToken));
        var created = await _client.CreateContainerAsync(
            new() { PodSandboxId = sandbox.PodSandboxId, Config = container.ToConfig(), SandboxConfig = config }, Options(cancellationToken));
        await _client.StartContainerAsync(new() { ContainerId = created.ContainerId }, Options(cancellationToken));
        return new(this, name, sandbox.PodSandboxId, created.ContainerId, $"{config.LogDirectory}/main.log");
    }

    /// <summary>Starts a container in a sandbox that <see cref="RunSandboxAsync"/> has started.</summary>
    public async Task<Pod> RunContainerAsync(string sandboxId, CancellationToken cancellationToken)
    {
        var config = NewPod().Config;
        var created = await _client.CreateContainerAsync(
            new() { PodSandboxId = sandboxId, Config = new PodContainer().ToConfig(), SandboxConfig = config }, Options(cancellationToken));
        await _client.StartContainerAsync(new() { ContainerId = created.ContainerId }, Options(cancellationToken));
        return new(this, sandboxId, sandboxId, created.ContainerId, $"{config.LogDirectory}/main.log");
    }

    /// <summary>Starts the sandbox of a pod and no container in it.</summary>
    /// <returns>Its identifier.</returns>
    public async Task<string> RunSandboxAsync(string handler, CancellationToken cancellationToken) =>
        (await _client.RunPodSandboxAsync(new() { Config = NewPod().Config, RuntimeHandler = handler }, Options(cancellationToken))).PodSandboxId;

    public async Task<(int ExitCode, string Output)> ExecAsync(string containerId, IEnumerable<string> command, CancellationToken cancellationToken)
    {
        var request = new ExecSyncRequest { ContainerId = containerId, Timeout = 20 };
        request.Cmd.AddRange(command);
        var answer = await _client.ExecSyncAsync(request, Options(cancellationToken));
        return (answer.ExitCode, answer.Stdout.ToStringUtf8() + answer.Stderr.ToStringUtf8());
    }

    public async Task<ContainerStatus> ContainerStatusAsync(string containerId, CancellationToken cancellationToken) =>
        (await _client.ContainerStatusAsync(new() { ContainerId = containerId }, Options(cancellationToken))).Status;

    public async Task<string> PodAddressAsync(string sandboxId, CancellationToken cancellationToken) =>
        (await _client.PodSandboxStatusAsync(new() { PodSandboxId = sandboxId }, Options(cancellationToken))).Status.Network.Ip;

    public async Task StopContainerAsync(string containerId, TimeSpan grace, CancellationToken cancellationToken) =>
        await _client.StopContainerAsync(new() { ContainerId = containerId, Timeout = (long)grace.TotalSeconds }, Options(cancellationToken));

    public async Task<IReadOnlyList<PodSandbox>> PodsAsync(CancellationToken cancellationToken) =>
        (await _client.ListPodSandboxAsync(new(), Options(cancellationToken))).Items;

    /// <summary>The identifiers of all sandboxes and containers that the CRI, and so the kubelet, knows of.</summary>
    public async Task<IReadOnlyList<string>> IdsAsync(CancellationToken cancellationToken)
    {
        var sandboxes = await _client.ListPodSandboxAsync(new(), Options(cancellationToken));
        var containers = await _client.ListContainersAsync(new(), Options(cancellationToken));
        return [.. sandboxes.Items.Select(sandbox => sandbox.Id), .. containers.Containers.Select(container => container.Id)];
    }

    public async Task RemovePodAsync(string sandboxId, CancellationToken cancellationToken)
    {
        await _client.StopPodSandboxAsync(new() { PodSandboxId = sandboxId }, Options(cancellationToken));
        await _client.RemovePodSandboxAsync(new() { PodSandboxId = sandboxId }, Options(cancellationToken));
    }

    private (string Name, PodSandboxConfig Config) NewPod()
    {
        var name = $"pod-{Interlocked.Increment(ref _pods)}-{Guid.NewGuid():N}"[..20];
        return (name, new()
        {
            Metadata = new() { Name = name, Uid = name, Namespace = "default" },
            LogDirectory = $"/var/log/pods/{name}",
            Hostname = name,
            Linux = new() { CgroupParent = "/kubepods.slice", SecurityContext = new() { NamespaceOptions = new() { Pid = NamespaceMode.Container } } },
        });
    }

    private static CallOptions Options(CancellationToken cancellationToken, TimeSpan? timeout = null) =>
        new(deadline: TimeProvider.System.GetUtcNow().UtcDateTime + (timeout ?? TimeSpan.FromSeconds(30)), cancellationToken: cancellationToken);
}
