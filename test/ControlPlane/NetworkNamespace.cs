// SPDX-License-Identifier: Apache-2.0

using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace ControlPlane;

/// <summary>A network namespace of this machine in which servers listen on addresses of their own.</summary>
/// <param name="path">The file that holds it.</param>
public sealed partial class NetworkNamespace(string path)
{
    private const int CloneNewNet = 0x40000000;

    /// <summary>The command line that runs a command in it.</summary>
    public IReadOnlyList<string> Enter(IEnumerable<string> command) => ["nsenter", $"--net={path}", .. command];

    /// <summary>A connection to a server in it, for <see cref="SocketsHttpHandler.ConnectCallback"/>.</summary>
    public async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var socket = await CreateSocketAsync();
        try
        {
            await socket.ConnectAsync(IPAddress.Parse(context.DnsEndPoint.Host), context.DnsEndPoint.Port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    // A socket belongs to the namespace of the thread that made it, wherever it is used afterwards. The thread ends in the namespace.
    private Task<Socket> CreateSocketAsync()
    {
        var created = new TaskCompletionSource<Socket>(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() =>
        {
            try
            {
                using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
                if (Enter(file, CloneNewNet) != 0)
                {
                    throw new IOException($"{path}: {Marshal.GetLastPInvokeErrorMessage()}");
                }

                created.SetResult(new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
            }
            catch (Exception exception)
            {
                created.SetException(exception);
            }
        });
        thread.Start();
        return created.Task;
    }

    [LibraryImport("libc", EntryPoint = "setns", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Enter(SafeHandle file, int kind);
}
