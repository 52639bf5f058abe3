// SPDX-License-Identifier: Apache-2.0

using System.Net;
using System.Net.Sockets;

namespace ControlPlane;

/// <summary>
/// Passes connections on to a server as they are, and counts what the server sends. Its connections can fall silent: they stay open, and
/// nothing comes through any more.
/// </summary>
public sealed class TcpLink : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Uri _server;
    private readonly Task _accepting;
    private long _received;
    private int _connections;
    private volatile int _silentConnections;

    /// <param name="server">What is behind it.</param>
    public TcpLink(Uri server)
    {
        _server = server;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>Where clients connect to.</summary>
    public Uri Address => new($"{_server.Scheme}://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

    /// <summary>Bytes that the clients have got so far, encryption included.</summary>
    public long BytesReceived => Interlocked.Read(ref _received);

    /// <summary>Nothing comes through the connections that there are; those that are made later are not concerned.</summary>
    public void FallSilent() => _silentConnections = Volatile.Read(ref _connections);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            var client = await _listener.AcceptTcpClientAsync(_stop.Token);
            _ = ServeAsync(client, Interlocked.Increment(ref _connections));
        }
    }

    private async Task ServeAsync(TcpClient client, int number)
    {
        using (client)
        using (var server = new TcpClient())
        {
            await server.ConnectAsync(_server.Host, _server.Port, _stop.Token);
            await Task.WhenAny(
                CopyAsync(client.GetStream(), server.GetStream(), number, _ => { }),
                CopyAsync(server.GetStream(), client.GetStream(), number, count => Interlocked.Add(ref _received, count)));
        }
    }

    private async Task CopyAsync(NetworkStream source, NetworkStream target, int number, Action<int> count)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            while (await source.ReadAsync(buffer, _stop.Token) is var length and > 0)
            {
                if (number > _silentConnections)
                {
                    count(length);
                    await target.WriteAsync(buffer.AsMemory(0, length), _stop.Token);
                }
            }
        }
        catch (IOException)
        {
            // One of the two has gone.
        }
        catch (OperationCanceledException)
        {
            // So have we.
        }
    }
}
