// SPDX-License-Identifier: Apache-2.0

using System.Net.Sockets;
using Grpc.Core;
using Grpc.Net.Client;
using RuntimeGVisor.NodeInstaller.Containerd.Api;
using RuntimeGVisor.NodeInstaller.Containerd.V1;

namespace RuntimeGVisor.NodeInstaller.Containerd;

/// <summary>containerd over its socket: the CRI, and its own API.</summary>
internal sealed class ContainerRuntimeClient : IDisposable
{
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(10);

    // A list of all sandboxes of a node, with their annotations, may be larger than the library's 4 MiB.
    private const int MaxMessageBytes = 64 << 20;

    private readonly GrpcChannel _channel;
    private readonly TimeProvider _time;

    public ContainerRuntimeClient(string socketPath, TimeProvider time)
    {
        _time = time;
        _channel = GrpcChannel.ForAddress("http://localhost", new()
        {
            HttpHandler = new SocketsHttpHandler
            {
                ConnectCallback = async (_, cancellationToken) =>
                {
                    var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                    try
                    {
                        await socket.ConnectAsync(new UnixDomainSocketEndPoint(socketPath), cancellationToken);
                        return new NetworkStream(socket, ownsSocket: true);
                    }
                    catch
                    {
                        socket.Dispose();
                        throw;
                    }
                },
            },
            DisposeHttpClient = true,
            MaxReceiveMessageSize = MaxMessageBytes,
            // A restart of containerd is expected to take 80 ms; the default back-off is a second.
            InitialReconnectBackoff = TimeSpan.FromMilliseconds(5),
            MaxReconnectBackoff = TimeSpan.FromMilliseconds(20),
        });
        Runtime = new(_channel);
        Containers = new(_channel);
        Tasks = new(_channel);
        Namespaces = new(_channel);
    }

    /// <summary>The CRI, with what is in containerd's namespace <c>k8s.io</c>.</summary>
    public RuntimeService.RuntimeServiceClient Runtime { get; }

    public Containers.ContainersClient Containers { get; }

    public Tasks.TasksClient Tasks { get; }

    public Namespaces.NamespacesClient Namespaces { get; }

    /// <summary>Options of every call: a time limit and the caller's token.</summary>
    public CallOptions Limited(CancellationToken cancellationToken, TimeSpan? timeout = null) =>
        new(deadline: (_time.GetUtcNow() + (timeout ?? CallTimeout)).UtcDateTime, cancellationToken: cancellationToken);

    /// <summary>What containerd serves now, or why it serves nothing.</summary>
    public async Task<ServedRuntime> GetServedAsync(CancellationToken cancellationToken)
    {
        try
        {
            var status = await Runtime.StatusAsync(new() { Verbose = true }, Limited(cancellationToken));
            return ServedRuntime.From(status);
        }
        catch (RpcException exception) when (!cancellationToken.IsCancellationRequested)
        {
            return ServedRuntime.Unavailable(exception.Status.Detail);
        }
    }

    public void Dispose() => _channel.Dispose();
}
