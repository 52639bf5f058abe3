// SPDX-License-Identifier: Apache-2.0

using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Integration.Tests.Admission;

/// <summary>A port whose connections go to the replicas in turn, as those of a Kubernetes service do.</summary>
internal sealed class Service : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentDictionary<TcpClient, byte> _connections = new();
    private readonly Task _accepting;
    private int _next;

    public Service()
    {
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>The replicas that get new connections.</summary>
    public IReadOnlyList<int> Backends { get; set; } = [];

    /// <summary>How many connections there have been.</summary>
    public int Connections => _next;

    /// <summary>Ends all connections, so that the next request comes over a new one.</summary>
    public void Disconnect()
    {
        foreach (var connection in _connections.Keys)
        {
            connection.Close();
        }
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        Disconnect();
        await _accepting;
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _ = ForwardAsync(await _listener.AcceptTcpClientAsync());
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // It was stopped.
        }
    }

    private async Task ForwardAsync(TcpClient client)
    {
        using var backend = new TcpClient();
        _connections.TryAdd(client, 0);
        try
        {
            var backends = Backends;
            var number = Interlocked.Increment(ref _next);
            if (backends.Count > 0)
            {
                await backend.ConnectAsync(IPAddress.Loopback, backends[number % backends.Count]);
                var (one, other) = (client.GetStream(), backend.GetStream());
                await Task.WhenAny(one.CopyToAsync(other), other.CopyToAsync(one));
            }
        }
        catch (Exception exception) when (exception is SocketException or IOException or ObjectDisposedException or InvalidOperationException)
        {
            // The connection is over.
        }
        finally
        {
            _connections.TryRemove(client, out _);
            client.Dispose();
        }
    }
}
