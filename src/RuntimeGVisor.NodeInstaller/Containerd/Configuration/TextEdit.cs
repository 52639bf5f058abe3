// SPDX-License-Identifier: Apache-2.0

namespace RuntimeGVisor.NodeInstaller.Containerd.Configuration;

/// <summary>One replacement in a text.</summary>
/// <param name="Start">Where it begins.</param>
/// <param name="Length">How many characters go.</param>
/// <param name="Replacement">What comes in their place.</param>
internal readonly record struct TextEdit(int Start, int Length, string Replacement)
{
    /// <summary>Makes replacements that do not overlap; those at the same place keep their order.</summary>
    public static string Apply(string text, IEnumerable<TextEdit> edits)
    {
        foreach (var edit in edits.Reverse().OrderByDescending(edit => edit.Start))
        {
            text = string.Concat(text.AsSpan(0, edit.Start), edit.Replacement, text.AsSpan(edit.Start + edit.Length));
        }

        return text;
    }
}
