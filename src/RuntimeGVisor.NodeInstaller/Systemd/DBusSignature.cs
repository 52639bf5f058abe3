// SPDX-License-Identifier: Apache-2.0

namespace RuntimeGVisor.NodeInstaller.Systemd;

/// <summary>D-Bus type signatures.</summary>
internal static class DBusSignature
{
    /// <summary>Splits a signature into its complete types.</summary>
    /// <exception cref="InvalidDataException">It ends within a type, or has a structure or an entry of a dictionary that is none.</exception>
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
        var code = start < signature.Length ? signature[start] : throw EndsEarly(signature);
        if (code == 'a')
        {
            return EndOfType(signature, start + 1);
        }

        if (code is not ('(' or '{'))
        {
            return start + 1;
        }

        var types = 0;
        var position = start + 1;
        while (position < signature.Length && signature[position] is not (')' or '}'))
        {
            position = EndOfType(signature, position);
            types++;
        }

        // Values of no length would make an array of them endless.
        return (code, position < signature.Length ? signature[position] : throw EndsEarly(signature)) switch
        {
            ('(', ')') when types > 0 => position + 1,
            ('{', '}') when types == 2 && start > 0 && signature[start - 1] == 'a' => position + 1,
            _ => throw new InvalidDataException($"D-Bus signature {signature} has {signature[start..(position + 1)]}, which is no type"),
        };
    }

    private static InvalidDataException EndsEarly(string signature) => new($"D-Bus signature {signature} ends early");
}
