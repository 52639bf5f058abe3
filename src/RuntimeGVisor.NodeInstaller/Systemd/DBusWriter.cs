// SPDX-License-Identifier: Apache-2.0

using System.Buffers.Binary;
using System.Text;

namespace RuntimeGVisor.NodeInstaller.Systemd;

/// <summary>Writes values in D-Bus's wire format, little-endian (D-Bus specification, "Marshaling").</summary>
internal sealed class DBusWriter
{
    private readonly List<byte> _bytes = [];

    public static byte[] Serialize(DBusMessage message)
    {
        var body = new DBusWriter();
        body.WriteAll(message.Signature, message.Body);

        var writer = new DBusWriter();
        writer._bytes.AddRange([(byte)'l', (byte)message.Type, 0, 1]);
        writer.Write("u", (uint)body._bytes.Count);
        writer.Write("u", message.Serial);
        writer.Write("a(yv)", HeaderFields(message));
        writer.Align(8);
        return [.. writer._bytes, .. body._bytes];
    }

    private static List<object> HeaderFields(DBusMessage message)
    {
        var fields = new List<object>();
        Add(1, "o", message.Path);
        Add(2, "s", message.Interface);
        Add(3, "s", message.Member);
        Add(6, "s", message.Destination);
        Add(8, "g", message.Signature.Length == 0 ? null : message.Signature);
        return fields;

        void Add(byte code, string signature, string? value)
        {
            if (value is not null)
            {
                fields.Add(new object[] { code, new DBusVariant(signature, value) });
            }
        }
    }

    private void WriteAll(string signature, IReadOnlyList<object> values)
    {
        var index = 0;
        foreach (var type in DBusSignature.Split(signature))
        {
            Write(type, values[index++]);
        }
    }

    private void Write(string type, object value)
    {
        switch (type[0])
        {
            case 'y':
                _bytes.Add((byte)value);
                break;
            case 'b':
                WriteUInt32((bool)value ? 1u : 0u);
                break;
            case 'u':
                WriteUInt32((uint)value);
                break;
            case 't':
                Align(8);
                Span<byte> wide = stackalloc byte[8];
                BinaryPrimitives.WriteUInt64LittleEndian(wide, (ulong)value);
                _bytes.AddRange(wide);
                break;
            case 's' or 'o':
                var text = Encoding.UTF8.GetBytes((string)value);
                WriteUInt32((uint)text.Length);
                _bytes.AddRange(text);
                _bytes.Add(0);
                break;
            case 'g':
                var signature = Encoding.ASCII.GetBytes((string)value);
                _bytes.Add((byte)signature.Length);
                _bytes.AddRange(signature);
                _bytes.Add(0);
                break;
            case 'v':
                var variant = (DBusVariant)value;
                Write("g", variant.Signature);
                Write(variant.Signature, variant.Value);
                break;
            case 'a':
                WriteArray(type[1..], (IEnumerable<object>)value);
                break;
            case '(':
                Align(8);
                WriteAll(type[1..^1], (IReadOnlyList<object>)value);
                break;
            default:
                throw new NotSupportedException($"D-Bus type {type} is never sent");
        }
    }

    private void WriteArray(string elementType, IEnumerable<object> elements)
    {
        WriteUInt32(0);
        var lengthAt = _bytes.Count - 4;
        Align(DBusSignature.AlignmentOf(elementType));
        var start = _bytes.Count;
        foreach (var element in elements)
        {
            Write(elementType, element);
        }

        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(length, (uint)(_bytes.Count - start));
        for (var index = 0; index < length.Length; index++)
        {
            _bytes[lengthAt + index] = length[index];
        }
    }

    private void WriteUInt32(uint value)
    {
        Align(4);
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        _bytes.AddRange(bytes);
    }

    private void Align(int boundary)
    {
        while (_bytes.Count % boundary != 0)
        {
            _bytes.Add(0);
        }
    }
}

/// <summary>A value that carries its own type.</summary>
internal sealed record DBusVariant(string Signature, object Value);
