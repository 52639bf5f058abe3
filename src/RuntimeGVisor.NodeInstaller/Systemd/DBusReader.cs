// SPDX-License-Identifier: Apache-2.0

using System.Buffers.Binary;
using System.Text;

namespace RuntimeGVisor.NodeInstaller.Systemd;

/// <summary>Reads D-Bus's wire format, little-endian. Lengths and types come from outside and are checked.</summary>
internal ref struct DBusReader
{
    /// <summary>Length of the part of a message that tells the length of the rest.</summary>
    public const int FixedHeaderLength = 16;

    private const int LongestMessage = 16 * 1024 * 1024;
    private const int DeepestNesting = 32;

    private readonly ReadOnlySpan<byte> _bytes;
    private int _position;
    private int _depth;

    private DBusReader(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>Length of a whole message from its first <see cref="FixedHeaderLength"/> bytes.</summary>
    public static int MessageLength(ReadOnlySpan<byte> fixedHeader)
    {
        if (fixedHeader[0] != (byte)'l')
        {
            throw new InvalidDataException("the bus sent a message that is not little-endian");
        }

        var body = BinaryPrimitives.ReadUInt32LittleEndian(fixedHeader[4..]);
        var fields = BinaryPrimitives.ReadUInt32LittleEndian(fixedHeader[12..]);
        return body <= LongestMessage && fields <= LongestMessage
            ? FixedHeaderLength + (((int)fields + 7) & ~7) + (int)body
            : throw new InvalidDataException("the bus sent a message longer than 16 MiB");
    }

    /// <summary>Reads a whole message.</summary>
    /// <exception cref="InvalidDataException">The bytes are no message.</exception>
    public static DBusMessage Deserialize(ReadOnlySpan<byte> bytes)
    {
        var header = new DBusReader(bytes) { _position = 8 };
        var serial = header.ReadUInt32();
        var fields = new Dictionary<byte, object>();
        foreach (var field in header.ReadArray("(yv)").Cast<IReadOnlyList<object>>())
        {
            fields[(byte)field[0]] = field[1];
        }

        header.Align(8);
        var signature = fields.GetValueOrDefault((byte)8) as string ?? "";
        var body = new DBusReader(bytes[header._position..]);
        var values = new List<object>();
        foreach (var type in DBusSignature.Split(signature))
        {
            values.Add(body.Read(type));
        }

        return new()
        {
            Type = (DBusMessageType)bytes[1],
            Serial = serial,
            Path = fields.GetValueOrDefault((byte)1) as string,
            Interface = fields.GetValueOrDefault((byte)2) as string,
            Member = fields.GetValueOrDefault((byte)3) as string,
            ErrorName = fields.GetValueOrDefault((byte)4) as string,
            ReplySerial = fields.GetValueOrDefault((byte)5) as uint? ?? 0,
            Signature = signature,
            Body = values,
        };
    }

    private object Read(string type) => type[0] switch
    {
        'y' => Take(1)[0],
        'b' => ReadUInt32() != 0,
        'n' => BinaryPrimitives.ReadInt16LittleEndian(TakeAligned(2)),
        'q' => BinaryPrimitives.ReadUInt16LittleEndian(TakeAligned(2)),
        'i' => BinaryPrimitives.ReadInt32LittleEndian(TakeAligned(4)),
        'u' or 'h' => ReadUInt32(),
        'x' => BinaryPrimitives.ReadInt64LittleEndian(TakeAligned(8)),
        't' => BinaryPrimitives.ReadUInt64LittleEndian(TakeAligned(8)),
        'd' => BinaryPrimitives.ReadDoubleLittleEndian(TakeAligned(8)),
        's' or 'o' => ReadText((int)Math.Min(ReadUInt32(), int.MaxValue)),
        'g' => ReadText(Take(1)[0]),
        'v' => ReadVariant(),
        'a' when type[1] == '{' => ReadDictionary(type[2..^1]),
        'a' => ReadArray(type[1..]),
        '(' => ReadStructure(type[1..^1]),
        _ => throw new InvalidDataException($"the bus sent a value of the unknown type {type}"),
    };

    private object ReadVariant()
    {
        if (++_depth > DeepestNesting)
        {
            throw new InvalidDataException("the bus sent values nested too deeply");
        }

        var signature = ReadText(Take(1)[0]);
        var value = DBusSignature.Split(signature).ToArray() is [var type]
            ? Read(type)
            : throw new InvalidDataException($"the bus sent a value of {signature}, which is not one type");
        _depth--;
        return value;
    }

    private List<object> ReadArray(string elementType)
    {
        var end = ReadArrayEnd(elementType);
        var elements = new List<object>();
        while (_position < end)
        {
            elements.Add(Read(elementType));
        }

        CheckArrayEnd(end);
        return elements;
    }

    private Dictionary<object, object> ReadDictionary(string entryTypes)
    {
        var types = DBusSignature.Split(entryTypes).ToArray();
        var end = ReadArrayEnd("{");
        var entries = new Dictionary<object, object>();
        while (_position < end)
        {
            Align(8);
            var key = Read(types[0]);
            entries[key] = Read(types[1]);
        }

        CheckArrayEnd(end);
        return entries;
    }

    private int ReadArrayEnd(string elementType)
    {
        var length = ReadUInt32();
        Align(DBusSignature.AlignmentOf(elementType));
        return length <= _bytes.Length - _position
            ? _position + (int)length
            : throw new InvalidDataException("the bus sent an array longer than its message");
    }

    private readonly void CheckArrayEnd(int end)
    {
        if (_position != end)
        {
            throw new InvalidDataException("the bus sent an array whose last element is longer than it");
        }
    }

    private List<object> ReadStructure(string fieldTypes)
    {
        Align(8);
        var fields = new List<object>();
        foreach (var type in DBusSignature.Split(fieldTypes))
        {
            fields.Add(Read(type));
        }

        return fields;
    }

    private uint ReadUInt32() => BinaryPrimitives.ReadUInt32LittleEndian(TakeAligned(4));

    private string ReadText(int length)
    {
        var text = Encoding.UTF8.GetString(Take(length));
        Take(1);
        return text;
    }

    private ReadOnlySpan<byte> TakeAligned(int length)
    {
        Align(length);
        return Take(length);
    }

    private ReadOnlySpan<byte> Take(int length)
    {
        if (length > _bytes.Length - _position)
        {
            throw new InvalidDataException("the bus sent a message that ends early");
        }

        var bytes = _bytes.Slice(_position, length);
        _position += length;
        return bytes;
    }

    private void Align(int boundary) => Take((boundary - (_position % boundary)) % boundary);
}
