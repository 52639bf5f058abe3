// SPDX-License-Identifier: Apache-2.0

using System.Buffers;

namespace Kubernetes.Controllers.Client;

/// <summary>
/// Finds where a JSON value ends, by its brackets and quotes alone. Depth, encoding, numbers and names inside do not matter, so that nothing in a
/// value can hide the one behind it.
/// </summary>
internal struct JsonValueScanner
{
    private static readonly SearchValues<byte> Brackets = SearchValues.Create("\"{}[]"u8);
    private static readonly SearchValues<byte> Separators = SearchValues.Create(" \t\r\n,:]}"u8);

    private State _state;
    private int _open;

    private enum State
    {
        Start,
        Scalar,
        Container,
        Text,
        Escape,
    }

    /// <summary>How deep objects and arrays are nested so far.</summary>
    public int Depth { get; private set; }

    /// <summary>Goes on with the next bytes of the value.</summary>
    /// <returns>How many of them belong to it, if it ends here; -1 if all do and it goes on.</returns>
    public int FindEnd(ReadOnlySpan<byte> bytes)
    {
        for (var position = 0; position < bytes.Length;)
        {
            var rest = bytes[position..];
            var next = _state switch
            {
                State.Scalar => rest.IndexOfAny(Separators),
                State.Container => rest.IndexOfAny(Brackets),
                State.Text => rest.IndexOfAny((byte)'"', (byte)'\\'),
                _ => 0,
            };
            if (next < 0)
            {
                return -1;
            }

            position += next;
            if (_state == State.Scalar)
            {
                return position;
            }

            Step(bytes[position++]);
            if (_open == 0 && _state == State.Container)
            {
                return position;
            }
        }

        return -1;
    }

    private void Step(byte character)
    {
        switch (_state, (char)character)
        {
            case (State.Escape, _):
                _state = State.Text;
                break;
            case (State.Text, '\\'):
                _state = State.Escape;
                break;
            case (State.Text, _):
                _state = State.Container;
                break;
            case (_, '"'):
                _state = State.Text;
                break;
            case (_, '{' or '['):
                _state = State.Container;
                Depth = Math.Max(Depth, ++_open);
                break;
            case (State.Container, _):
                _open--;
                break;
            default:
                _state = State.Scalar;
                break;
        }
    }
}
