// SPDX-License-Identifier: Apache-2.0

namespace RuntimeGVisor.NodeInstaller.Systemd;

/// <summary>Kinds of D-Bus messages, by their number on the wire.</summary>
internal enum DBusMessageType
{
    MethodCall = 1,
    MethodReturn = 2,
    Error = 3,
    Signal = 4,
}

/// <summary>A D-Bus message as far as a client of systemd needs it.</summary>
internal sealed record DBusMessage
{
    public required DBusMessageType Type { get; init; }

    public uint Serial { get; init; }

    public uint ReplySerial { get; init; }

    public string? Destination { get; init; }

    public string? Path { get; init; }

    public string? Interface { get; init; }

    public string? Member { get; init; }

    public string? ErrorName { get; init; }

    /// <summary>Types of the body's values.</summary>
    public string Signature { get; init; } = "";

    /// <summary>The body's values: strings, numbers, booleans, lists for arrays and structures, dictionaries.</summary>
    public IReadOnlyList<object> Body { get; init; } = [];
}
