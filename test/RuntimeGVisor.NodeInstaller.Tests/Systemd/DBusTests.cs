// SPDX-License-Identifier: Apache-2.0

using System.Net.Sockets;
using System.Text;
using RuntimeGVisor.NodeInstaller.Systemd;

namespace RuntimeGVisor.NodeInstaller.Tests.Systemd;

public sealed class DBusTests
{
    private static readonly DBusMessage Message = new()
    {
        Type = DBusMessageType.MethodCall,
        Serial = 7,
        Path = "/org/freedesktop/systemd1",
        Interface = "org.freedesktop.systemd1.Manager",
        Member = "StartTransientUnit",
        Destination = "org.freedesktop.systemd1",
        Signature = "ssa(sv)at",
        Body =
        [
            "a.service",
            "fail",
            new object[]
            {
                new object[] { "Type", new DBusVariant("s", "oneshot") },
                new object[] { "ExecStart", new DBusVariant("a(sasb)", new object[] { new object[] { "/bin/x", new object[] { "/bin/x", "ü" }, true } }) },
            },
            new object[] { 1UL, ulong.MaxValue },
        ],
    };

    [Fact]
    public void A_message_reads_as_it_was_written()
    {
        var read = DBusReader.Deserialize(DBusWriter.Serialize(Message));

        read.Should().BeEquivalentTo(new { Message.Type, Message.Serial, Message.Path, Message.Interface, Message.Member, Message.Signature });
        read.Body[0].Should().Be("a.service");
        read.Body[2].Should().BeEquivalentTo(
            new object[] { new object[] { "Type", "oneshot" }, new object[] { "ExecStart", new object[] { new object[] { "/bin/x", new object[] { "/bin/x", "ü" }, true } } } });
        read.Body[3].Should().BeEquivalentTo(new object[] { 1UL, ulong.MaxValue });
    }

    [Fact]
    public void The_length_of_a_message_is_known_from_its_first_bytes()
    {
        var bytes = DBusWriter.Serialize(Message);

        DBusReader.MessageLength(bytes.AsSpan(0, DBusReader.FixedHeaderLength)).Should().Be(bytes.Length);
    }

    [Fact]
    public void A_message_with_any_damaged_byte_is_read_or_refused()
    {
        var bytes = DBusWriter.Serialize(Message);
        foreach (var damaged in Enumerable.Range(0, bytes.Length))
        {
            var original = bytes[damaged];
            foreach (var value in Enumerable.Range(byte.MinValue, byte.MaxValue + 1))
            {
                bytes[damaged] = (byte)value;
                try
                {
                    DBusReader.Deserialize(bytes);
                }
                catch (InvalidDataException)
                {
                    // Refused, by the one exception that callers know.
                }
            }

            bytes[damaged] = original;
        }
    }

    [Fact]
    public void A_message_that_was_cut_short_is_refused()
    {
        var bytes = DBusWriter.Serialize(Message);
        foreach (var length in Enumerable.Range(DBusReader.FixedHeaderLength, bytes.Length - DBusReader.FixedHeaderLength))
        {
            var read = () => DBusReader.Deserialize(bytes.AsSpan(0, length));

            read.Should().Throw<InvalidDataException>($"only {length} of {bytes.Length} bytes came");
        }
    }

    [Theory]
    [InlineData("ssa(sv)a(sa(sv))", "s|s|a(sv)|a(sa(sv))")]
    [InlineData("a{sv}u", "a{sv}|u")]
    [InlineData("", "")]
    public void A_signature_splits_into_its_types(string signature, string types) => string.Join('|', DBusSignature.Split(signature)).Should().Be(types);

    [Theory]
    [InlineData("a")]
    [InlineData("(s")]
    [InlineData("a{s")]
    [InlineData("()")]
    [InlineData("a()v")]
    [InlineData("(s}")]
    [InlineData("{sv}")]
    [InlineData("a{s}")]
    [InlineData("a{svv}")]
    public void A_signature_with_something_that_is_no_type_is_refused(string signature)
    {
        var split = () => DBusSignature.Split(signature).ToArray();

        split.Should().Throw<InvalidDataException>();
    }

    [Theory]
    [InlineData("", "the bus takes the connection and no more")]
    [InlineData("OK 0123456789abcdef\r\n", "the bus lets the user in and answers no call")]
    public async Task A_bus_that_does_not_answer_is_given_up(string answer, string what)
    {
        var directory = Directory.CreateTempSubdirectory("bus-");
        try
        {
            var path = Path.Join(directory.FullName, "socket");
            using var bus = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            bus.Bind(new UnixDomainSocketEndPoint(path));
            bus.Listen();
            var accepted = Task.Run(async () =>
            {
                var socket = await bus.AcceptAsync();
                await socket.SendAsync(Encoding.ASCII.GetBytes(answer));
                return socket;
            });

            var connect = () => DBusConnection.ConnectAsync(
                path, TimeSpan.FromMilliseconds(200), TimeProvider.System, TestContext.Current.CancellationToken);

            await connect.Should().ThrowAsync<IOException>(what).WithMessage("no answer within*");
            (await accepted).Dispose();
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }
}
