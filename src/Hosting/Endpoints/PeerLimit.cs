// SPDX-License-Identifier: Apache-2.0

using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Connections;

namespace Hosting.Endpoints;

/// <summary>Closes the connections of a peer that has too many, so that one that opens them and says nothing cannot keep out the others.</summary>
/// <param name="next">Serves a connection.</param>
/// <param name="max">How many one address may have at a time.</param>
internal sealed class PeerLimit(ConnectionDelegate next, int max)
{
    private readonly ConcurrentDictionary<IPAddress, int> _connections = new();

    public async Task ServeAsync(ConnectionContext connection)
    {
        if (connection.RemoteEndPoint is not IPEndPoint { Address: var peer })
        {
            await next(connection);
            return;
        }

        try
        {
            if (_connections.AddOrUpdate(peer, 1, static (_, count) => count + 1) <= max)
            {
                await next(connection);
            }
        }
        finally
        {
            if (_connections.AddOrUpdate(peer, 0, static (_, count) => count - 1) == 0)
            {
                _connections.TryRemove(KeyValuePair.Create(peer, 0));
            }
        }
    }
}
