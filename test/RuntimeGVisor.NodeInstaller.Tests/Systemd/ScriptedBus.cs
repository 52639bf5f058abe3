// SPDX-License-Identifier: Apache-2.0

using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;

namespace RuntimeGVisor.NodeInstaller.Tests.Systemd;

/// <summary>
/// A system bus with a systemd that knows one service, for one connection after the other. Its bytes are laid out here, after the D-Bus
/// specification and not by the library under test, and may be damaged on their way. The tests of nodes have the real one.
/// </summary>
internal sealed class ScriptedBus : IAsyncDisposable
{
    public const string Unit = "containerd.service";
    public const string Job = "/org/freedesktop/systemd1/job/4711";

    private const string Owner = ":1.1";

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("bus-");
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly CancellationTokenSource _end = new();
    private readonly Task _serving;

    public ScriptedBus()
    {
        _listener.Bind(new UnixDomainSocketEndPoint(Path));
        _listener.Listen();
        _serving = ServeAsync();
    }

    public string Path => System.IO.Path.Join(_directory.FullName, "socket");

    /// <summary>What it says to the greeting.</summary>
    public string Greeting { get; init; } = "OK 0123456789abcdef0123456789abcdef\r\n";

    /// <summary>Result of every job, or null when none ever ends.</summary>
    public string? JobResult { get; init; } = "done";

    /// <summary>Whether the signal about the job's end overtakes the answer that names the job.</summary>
    public bool EndsJobEarly { get; init; }

    /// <summary>Error that systemd answers LoadUnit with, or null.</summary>
    public string? Refusal { get; init; }

    /// <summary>Changes an answer's bytes on their way: its number, counted from 0 for each connection, and its bytes.</summary>
    public Func<int, byte[], byte[]> Damage { get; init; } = (_, bytes) => bytes;

    /// <summary>The unit's properties by name: type and content as they are on the wire.</summary>
    public Dictionary<string, (string Signature, byte[] Value)> Properties { get; } = new(StringComparer.Ordinal)
    {
        ["LoadState"] = ("s", Text("loaded")),
        ["ActiveState"] = ("s", Text("active")),
        ["SubState"] = ("s", Text("running")),
        ["Result"] = ("s", Text("success")),
        ["InvocationID"] = ("ay", [4, 0, 0, 0, 0xde, 0xad, 0xbe, 0xef]),
        ["MainPID"] = ("u", Number(4321)),
        ["ActiveEnterTimestamp"] = ("t", Number64(1_700_000_000_000_000)),
        ["Job"] = ("(uo)", [.. Number(0), .. Text("/")]),
        ["ExecStart"] = ("a(sasbttttuii)", Commands("/usr/bin/containerd", "containerd", "--config", "${CFG}")),
    };

    /// <summary>What the programs print that are started one after the other.</summary>
    public Queue<string> Outputs { get; } = [];

    /// <summary>Methods that were called.</summary>
    public List<string> Calls { get; } = [];

    public static byte[] Text(string text) => [.. Number((uint)Encoding.UTF8.GetByteCount(text)), .. Encoding.UTF8.GetBytes(text), 0];

    public static byte[] Number(uint number)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, number);
        return bytes;
    }

    public static byte[] Number64(ulong number)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, number);
        return bytes;
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _listener.Dispose();
        await _serving;
        _end.Dispose();
        _directory.Delete(recursive: true);
    }

    /// <summary>One command of a service; the numbers after it are 0.</summary>
    public static byte[] Commands(string program, params string[] arguments)
    {
        List<byte> command = [.. Text(program)];
        var list = new List<byte>();
        foreach (var argument in arguments)
        {
            Pad(list, 4);
            list.AddRange(Text(argument));
        }

        Pad(command, 4);
        command.AddRange(Number((uint)list.Count));
        command.AddRange(list);
        Pad(command, 4);
        command.AddRange(Number(0));
        Pad(command, 8);
        command.AddRange(new byte[(4 * 8) + (3 * 4)]);
        return [.. Number((uint)command.Count), .. new byte[4], .. command];
    }

    private static void Pad(List<byte> bytes, int alignment)
    {
        while (bytes.Count % alignment != 0)
        {
            bytes.Add(0);
        }
    }

    // The content of a variant begins where its type's alignment wants it.
    private static byte[] Variant(string signature, byte[] value)
    {
        List<byte> bytes = [(byte)signature.Length, .. Encoding.ASCII.GetBytes(signature), 0];
        Pad(bytes, signature[0] is 't' or '(' ? 8 : 4);
        bytes.AddRange(value);
        return [.. bytes];
    }

    private static byte[] Message(byte type, (byte Field, string Signature, byte[] Value)[] fields, string signature, byte[] body)
    {
        var header = new List<byte>();
        foreach (var field in signature.Length == 0 ? fields : [.. fields, (8, "g", [(byte)signature.Length, .. Encoding.ASCII.GetBytes(signature), 0])])
        {
            Pad(header, 8);
            header.AddRange([field.Field, (byte)field.Signature.Length, .. Encoding.ASCII.GetBytes(field.Signature), 0]);
            Pad(header, field.Signature == "g" ? 1 : 4);
            header.AddRange(field.Value);
        }

        List<byte> message = [(byte)'l', type, 0, 1, .. Number((uint)body.Length), .. Number(1), .. Number((uint)header.Count), .. header];
        Pad(message, 8);
        return [.. message, .. body];
    }

    private static byte[] Answer(byte[] call, string signature, byte[] body) =>
        Message(2, [(5, "u", call[8..12]), (7, "s", Text(Owner))], signature, body);

    private static byte[] Error(byte[] call, string text) =>
        Message(3, [(5, "u", call[8..12]), (7, "s", Text(Owner)), (4, "s", Text("org.freedesktop.DBus.Error.Failed"))], "s", Text(text));

    private static byte[] JobRemoved(string job, string result)
    {
        List<byte> body = [.. Number(4711)];
        foreach (var text in (string[])[job, Unit, result])
        {
            Pad(body, 4);
            body.AddRange(Text(text));
        }

        return Message(
            4,
            [(1, "o", Text("/org/freedesktop/systemd1")), (2, "s", Text("org.freedesktop.systemd1.Manager")), (3, "s", Text("JobRemoved")), (7, "s", Text(Owner))],
            "uoss",
            [.. body]);
    }

    private async Task ServeAsync()
    {
        while (!_end.IsCancellationRequested)
        {
            try
            {
                using var socket = await _listener.AcceptAsync(_end.Token);
                await ServeAsync(socket);
            }
            catch (Exception exception) when (exception is OperationCanceledException or IOException or SocketException or ObjectDisposedException)
            {
                // The client went away, or the test is at its end.
            }
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        var line = new byte[512];
        await socket.ReceiveAsync(line, _end.Token);
        while (!Encoding.ASCII.GetString(line).Contains("AUTH", StringComparison.Ordinal))
        {
            await socket.ReceiveAsync(line, _end.Token);
        }

        await socket.SendAsync(Encoding.ASCII.GetBytes(Greeting), _end.Token);
        await using var stream = new NetworkStream(socket);
        while (Greeting.StartsWith("OK", StringComparison.Ordinal) && await ReadLineAsync() is var command && command != "BEGIN")
        {
            await socket.SendAsync("ERROR\r\n"u8.ToArray(), _end.Token);
        }

        for (var number = 0; ;)
        {
            var start = new byte[16];
            await stream.ReadExactlyAsync(start, _end.Token);
            var fields = (int)BinaryPrimitives.ReadUInt32LittleEndian(start.AsSpan(12));
            var rest = new byte[((fields + 7) / 8 * 8) + (int)BinaryPrimitives.ReadUInt32LittleEndian(start.AsSpan(4))];
            await stream.ReadExactlyAsync(rest, _end.Token);
            foreach (var answer in AnswersTo([.. start, .. rest]))
            {
                await socket.SendAsync(Damage(number++, answer), _end.Token);
            }
        }

        async Task<string> ReadLineAsync()
        {
            var text = new StringBuilder();
            var one = new byte[1];
            while (true)
            {
                await stream.ReadExactlyAsync(one, _end.Token);
                if (one[0] == '\n')
                {
                    return text.ToString().TrimEnd();
                }

                text.Append((char)one[0]);
            }
        }
    }

    private List<byte[]> AnswersTo(byte[] call)
    {
        var text = Encoding.Latin1.GetString(call);
        var method = ((string[])["Hello", "AddMatch", "RemoveMatch", "GetNameOwner", "Subscribe", "LoadUnit", "ResetFailedUnit", "RestartUnit", "StartTransientUnit"])
            .FirstOrDefault(name => text.Contains($"\0{name}\0", StringComparison.Ordinal));
        if (method is null)
        {
            var property = Properties.Keys.First(name => text.EndsWith($"\0{name}\0", StringComparison.Ordinal));
            return [Answer(call, "v", Variant(Properties[property].Signature, Properties[property].Value))];
        }

        Calls.Add(method);
        return method switch
        {
            "Hello" => [Answer(call, "s", Text(":1.2"))],
            "GetNameOwner" => [Answer(call, "s", Text(Owner))],
            "LoadUnit" when Refusal is not null => [Error(call, Refusal)],
            "LoadUnit" => [Answer(call, "o", Text("/org/freedesktop/systemd1/unit/containerd_2eservice"))],
            "StartTransientUnit" => Run(text, call),
            "RestartUnit" => JobOf(call),
            _ => [Answer(call, "", [])],
        };
    }

    private List<byte[]> Run(string text, byte[] call)
    {
        if (Outputs.TryDequeue(out var output))
        {
            var end = text.IndexOf(".output\0", StringComparison.Ordinal) + ".output".Length;
            File.WriteAllText(text[(text.LastIndexOf('\0', end - 1) + 1)..end], output);
        }

        return JobOf(call);
    }

    private List<byte[]> JobOf(byte[] call)
    {
        var answer = Answer(call, "o", Text(Job));
        var others = JobRemoved("/org/freedesktop/systemd1/job/1", "failed");
        return JobResult is null ? [others, answer]
            : EndsJobEarly ? [others, JobRemoved(Job, JobResult), answer]
            : [answer, others, JobRemoved(Job, JobResult)];
    }
}
