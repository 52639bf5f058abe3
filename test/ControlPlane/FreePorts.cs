// SPDX-License-Identifier: Apache-2.0

using System.Net;
using System.Net.Sockets;

namespace ControlPlane;

/// <summary>Ports of 127.0.0.1 that nothing listens on.</summary>
internal static class FreePorts
{
    private static readonly Lock Gate = new();
    private static readonly HashSet<int> Given = [];

    /// <summary>A port that this process has not been given before: the kernel may offer one again before its new owner listens.</summary>
    public static int Next()
    {
        lock (Gate)
        {
            while (true)
            {
                using var listener = new TcpListener(IPAddress.Loopback, 0);
                listener.Start();
                var port = ((IPEndPoint)listener.LocalEndpoint).Port;
                if (Given.Add(port))
                {
                    return port;
                }
            }
        }
    }
}
