// SPDX-License-Identifier: Apache-2.0

using System.Net;
using System.Net.Sockets;

namespace ControlPlane;

/// <summary>Ports of 127.0.0.1 that nothing listens on.</summary>
public static class FreePorts
{
    private const int Lowest = 10000;

    /// <summary>Linux gives ports from here on to outgoing connections, so that they can be taken before their new owner listens.</summary>
    private const int Highest = 32767;

    private static readonly Lock Gate = new();
    private static readonly HashSet<int> Given = [];

    /// <summary>A port that this process has not been given before: its owner may not listen yet.</summary>
    public static int Next()
    {
        lock (Gate)
        {
            while (true)
            {
                var port = Random.Shared.Next(Lowest, Highest + 1);
                if (Given.Add(port) && IsFree(port))
                {
                    return port;
                }
            }
        }
    }

    private static bool IsFree(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
