// SPDX-License-Identifier: Apache-2.0

using System.Net.Sockets;
using RuntimeGVisor.NodeInstaller.Convergence;

namespace RuntimeGVisor.NodeInstaller.Endpoints;

/// <summary>
/// Says whether the installer lives, to the kubelet's probe, which runs <c>live</c> in the same container. It is an abstract socket of the
/// pod's own network namespace: no file, no port, and nobody on the network can keep the probe from its answer.
/// </summary>
internal sealed class LivenessSocket : IDisposable
{
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(5);

    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly InstallerStatus _status;

    /// <summary>Listens from now on.</summary>
    /// <param name="httpPort">The installer's port, which tells installers in one network namespace apart.</param>
    /// <param name="status">Knows.</param>
    /// <exception cref="SocketException">Another installer of this port listens in this network namespace.</exception>
    public LivenessSocket(int httpPort, InstallerStatus status)
    {
        _status = status;
        _listener.Bind(AddressOf(httpPort));
        _listener.Listen();
        _ = AnswerAsync();
    }

    /// <summary>Asks the installer of this network namespace.</summary>
    /// <returns>Whether it lives; false too when there is none or it does not answer within 5 s.</returns>
    public static async Task<bool> AskAsync(int httpPort, TimeProvider time, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(AnswerTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            var answer = new byte[1];
            await socket.ConnectAsync(AddressOf(httpPort), either.Token);
            return await socket.ReceiveAsync(answer, either.Token) == 1 && answer[0] == 1;
        }
        catch (Exception exception) when (exception is SocketException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    public void Dispose() => _listener.Dispose();

    private static UnixDomainSocketEndPoint AddressOf(int httpPort) => new($"\0gvisor-node-installer-{httpPort}");

    private async Task AnswerAsync()
    {
        while (true)
        {
            try
            {
                using var asker = await _listener.AcceptAsync();
                await asker.SendAsync(new[] { _status.IsAlive ? (byte)1 : (byte)0 });
            }
            catch (SocketException) when (_listener.IsBound)
            {
                // The asker has gone away.
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }
}
