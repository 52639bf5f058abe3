// SPDX-License-Identifier: Apache-2.0

using System.Net;
using System.Net.Sockets;

namespace Scale;

/// <summary>Passes connections on to the API server as they are, and counts what the server sends.</summary>
internal sealed class CountingProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Uri _server;
    private readonly Task _accepting;
    private long _received;

    public CountingProxy(Uri server)
    {
        _server = server;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public Uri Address => new($"https://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

    /// <summary>Bytes that the clients have got so far, encryption included.</summary>
    public long BytesReceived => Interlocked.Read(ref _received);

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
            _ = ServeAsync(client);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        using (var server = new TcpClient())
        {
            await server.ConnectAsync(_server.Host, _server.Port, _stop.Token);
            await Task.WhenAny(
                CopyAsync(client.GetStream(), server.GetStream(), _ => { }),
                CopyAsync(server.GetStream(), client.GetStream(), count => Interlocked.Add(ref _received, count)));
        }
    }

    private async Task CopyAsync(NetworkStream source, NetworkStream target, Action<int> count)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            while (await source.ReadAsync(buffer, _stop.Token) is var length and > 0)
            {
                count(length);
                await target.WriteAsync(buffer.AsMemory(0, length), _stop.Token);
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
