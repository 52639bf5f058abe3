// SPDX-License-Identifier: Apache-2.0

namespace RuntimeGVisor.NodeInstaller.Systemd;

/// <summary>D-Bus type signatures.</summary>
internal static class DBusSignature
{
    /// <summary>Splits a signature into its complete types.</summary>
    public static IEnumerable<string> Split(string signature)
    {
        for (var start = 0; start < signature.Length;)
        {
            var end = EndOfType(signature, start);
            yield return signature[start..end];
            start = end;
        }
    }

    /// <summary>Boundary on which values of a type start.</summary>
    public static int AlignmentOf(string type) => type[0] switch
    {
        'y' or 'g' or 'v' => 1,
        'n' or 'q' => 2,
        'x' or 't' or 'd' or '(' or '{' => 8,
        _ => 4,
    };

    private static int EndOfType(string signature, int start)
    {
        if (start >= signature.Length)
        {
            throw new InvalidDataException($"D-Bus signature {signature} ends early");
        }

        if (signature[start] == 'a')
        {
            return EndOfType(signature, start + 1);
        }

        if (signature[start] is not ('(' or '{'))
        {
            return start + 1;
        }

        var position = start + 1;
        while (position < signature.Length && signature[position] is not (')' or '}'))
        {
            position = EndOfType(signature, position);
        }

        return position < signature.Length ? position + 1 : throw new InvalidDataException($"D-Bus signature {signature} ends early");
    }
}
