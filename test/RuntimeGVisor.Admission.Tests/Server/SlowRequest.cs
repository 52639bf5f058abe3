// SPDX-License-Identifier: Apache-2.0

using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;

namespace RuntimeGVisor.Admission.Tests.Server;

/// <summary>A request whose body has begun and then waits.</summary>
internal sealed class SlowRequest : IDisposable
{
    private readonly TcpClient _client;
    private readonly SslStream _tls;

    private SlowRequest(TcpClient client)
    {
        _client = client;
        _tls = new SslStream(client.GetStream());
    }

    /// <param name="server">Gets it.</param>
    /// <param name="length">What the body is announced to have; the first of these bytes is a space, and is sent.</param>
    public static async Task<SlowRequest> BeginAsync(RunningServer server, int length)
    {
        var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, server.Port);
        var request = new SlowRequest(client);
        await request._tls.AuthenticateAsClientAsync(RunningServer.Trust(server.Authority));
        await request.EndAsync(Encoding.ASCII.GetBytes(
            $"POST /webhooks/validate HTTP/1.1\r\nHost: webhook\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n "));
        return request;
    }

    /// <summary>Sends the rest.</summary>
    public async Task EndAsync(byte[] rest) => await _tls.WriteAsync(rest);

    /// <summary>The first line of the answer.</summary>
    public async Task<string?> ReadStatusAsync()
    {
        using var reader = new StreamReader(_tls, leaveOpen: true);
        return await reader.ReadLineAsync();
    }

    public void Dispose()
    {
        _tls.Dispose();
        _client.Dispose();
    }
}
