// SPDX-License-Identifier: Apache-2.0

using System.Net.Sockets;
using System.Text;
using CsCheck;
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
    public void A_damaged_message_is_refused_and_never_crashes() =>
        Gen.Select(Gen.Int[0, DBusWriter.Serialize(Message).Length - 1], Gen.Byte).Sample((position, value) =>
        {
            var bytes = DBusWriter.Serialize(Message);
            bytes[position] = value;
            try
            {
                DBusReader.Deserialize(bytes);
            }
            catch (Exception exception) when (exception is InvalidDataException or InvalidCastException or ArgumentException or InvalidOperationException)
            {
                return true;
            }

            return true;
        }, iter: 5000);

    [Theory]
    [InlineData("ssa(sv)a(sa(sv))", "s|s|a(sv)|a(sa(sv))")]
    [InlineData("a{sv}u", "a{sv}|u")]
    [InlineData("", "")]
    public void A_signature_splits_into_its_types(string signature, string types) => string.Join('|', DBusSignature.Split(signature)).Should().Be(types);

    [Theory]
    [InlineData("a")]
    [InlineData("(s")]
    [InlineData("a{s")]
    public void A_signature_that_ends_early_is_refused(string signature)
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
