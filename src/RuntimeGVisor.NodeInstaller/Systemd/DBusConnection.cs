// SPDX-License-Identifier: Apache-2.0

using System.Net.Sockets;
using System.Text;
using RuntimeGVisor.NodeInstaller.Files;

namespace RuntimeGVisor.NodeInstaller.Systemd;

/// <summary>
/// A connection to a D-Bus daemon over its socket, for one caller at a time. There is no maintained D-Bus library to be had, and of the
/// protocol only calls and signals are needed.
/// </summary>
internal sealed class DBusConnection : IDisposable
{
    private const string BusName = "org.freedesktop.DBus";

    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly Queue<DBusMessage> _signals = new();
    private readonly TimeSpan _answerTimeout;
    private readonly TimeProvider _time;
    private uint _serial;

    private DBusConnection(TimeSpan answerTimeout, TimeProvider time) => (_answerTimeout, _time) = (answerTimeout, time);

    /// <summary>Connects as the user of this process.</summary>
    /// <param name="socketPath">The bus.</param>
    /// <param name="answerTimeout">How long the bus and each call may take to answer.</param>
    /// <param name="time">Measures that.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="SocketException">Nobody listens on the socket.</exception>
    /// <exception cref="IOException">The bus refuses the user or gives no answer.</exception>
    public static async Task<DBusConnection> ConnectAsync(
        string socketPath, TimeSpan answerTimeout, TimeProvider time, CancellationToken cancellationToken)
    {
        var connection = new DBusConnection(answerTimeout, time);
        try
        {
            await connection.WithinTimeoutAsync(
                async limited =>
                {
                    await connection._socket.ConnectAsync(new UnixDomainSocketEndPoint(socketPath), limited);
                    await connection.AuthenticateAsync(limited);
                    return true;
                },
                cancellationToken);
            await connection.CallAsync(BusName, "/org/freedesktop/DBus", BusName, "Hello", "", [], cancellationToken);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Asks the bus for the signals that match a rule.</summary>
    public Task AddMatchAsync(string rule, CancellationToken cancellationToken) =>
        CallAsync(BusName, "/org/freedesktop/DBus", BusName, "AddMatch", "s", [rule], cancellationToken);

    /// <summary>Calls a method and returns the values of its answer.</summary>
    /// <exception cref="DBusException">The method answered with an error.</exception>
    /// <exception cref="IOException">It gave no answer.</exception>
    public Task<IReadOnlyList<object>> CallAsync(
        string destination,
        string path,
        string @interface,
        string member,
        string signature,
        IReadOnlyList<object> arguments,
        CancellationToken cancellationToken)
    {
        var call = new DBusMessage
        {
            Type = DBusMessageType.MethodCall,
            Serial = ++_serial,
            Destination = destination,
            Path = path,
            Interface = @interface,
            Member = member,
            Signature = signature,
            Body = arguments,
        };
        return WithinTimeoutAsync(limited => CallAsync(call, limited), cancellationToken);
    }

    private async Task<IReadOnlyList<object>> CallAsync(DBusMessage call, CancellationToken cancellationToken)
    {
        await SendAsync(DBusWriter.Serialize(call), cancellationToken);
        while (true)
        {
            var message = await ReceiveAsync(cancellationToken);
            if (message.Type == DBusMessageType.Signal)
            {
                _signals.Enqueue(message);
            }
            else if (message.ReplySerial == call.Serial)
            {
                return message.Type == DBusMessageType.MethodReturn
                    ? message.Body
                    : throw new DBusException(message.ErrorName ?? "", message.Body is [string text, ..] ? text : "");
            }
        }
    }

    /// <summary>The next signal, also one that came while a call was waiting for its answer.</summary>
    public async Task<DBusMessage> NextSignalAsync(CancellationToken cancellationToken)
    {
        if (_signals.TryDequeue(out var queued))
        {
            return queued;
        }

        while (true)
        {
            var message = await ReceiveAsync(cancellationToken);
            if (message.Type == DBusMessageType.Signal)
            {
                return message;
            }
        }
    }

    public void Dispose() => _socket.Dispose();

    private async Task<T> WithinTimeoutAsync<T>(Func<CancellationToken, Task<T>> ask, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(_answerTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            return await ask(either.Token);
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw new IOException($"no answer within {_answerTimeout.TotalSeconds:0} s", exception);
        }
    }

    // D-Bus specification, "Authentication protocol": EXTERNAL takes the user from the socket; the name is the user's number in hex.
    private async Task AuthenticateAsync(CancellationToken cancellationToken)
    {
        var user = Convert.ToHexStringLower(Encoding.ASCII.GetBytes(LibC.EffectiveUser().ToString()));
        await SendAsync(Encoding.ASCII.GetBytes($"\0AUTH EXTERNAL {user}\r\n"), cancellationToken);
        var answer = await ReceiveLineAsync(cancellationToken);
        if (!answer.StartsWith("OK ", StringComparison.Ordinal))
        {
            throw new IOException($"the bus refuses this user: {answer}");
        }

        await SendAsync("BEGIN\r\n"u8.ToArray(), cancellationToken);
    }

    private async Task<string> ReceiveLineAsync(CancellationToken cancellationToken)
    {
        var line = new StringBuilder();
        var one = new byte[1];
        while (line.Length < 1024 && await _socket.ReceiveAsync(one, cancellationToken) == 1)
        {
            if (one[0] == '\n')
            {
                return line.ToString().TrimEnd();
            }

            line.Append((char)one[0]);
        }

        throw new IOException("the bus closed the connection");
    }

    private async Task<DBusMessage> ReceiveAsync(CancellationToken cancellationToken)
    {
        var header = await ReceiveAsync(new byte[DBusReader.FixedHeaderLength], cancellationToken);
        var message = new byte[DBusReader.MessageLength(header)];
        header.CopyTo(message, 0);
        await ReceiveAsync(message.AsMemory(header.Length), cancellationToken);
        return DBusReader.Deserialize(message);
    }

    private async Task<byte[]> ReceiveAsync(byte[] buffer, CancellationToken cancellationToken)
    {
        await ReceiveAsync(buffer.AsMemory(), cancellationToken);
        return buffer;
    }

    private async Task ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        while (buffer.Length > 0)
        {
            var length = await _socket.ReceiveAsync(buffer, cancellationToken);
            buffer = length > 0 ? buffer[length..] : throw new IOException("the bus closed the connection");
        }
    }

    private async Task SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        while (bytes.Length > 0)
        {
            bytes = bytes[await _socket.SendAsync(bytes, cancellationToken)..];
        }
    }
}

/// <summary>A method answered with an error.</summary>
/// <param name="name">The error's name, such as <c>org.freedesktop.systemd1.NoSuchUnit</c>.</param>
/// <param name="message">What the method said.</param>
internal sealed class DBusException(string name, string message) : Exception($"{message} ({name})")
{
    public string Name { get; } = name;
}
