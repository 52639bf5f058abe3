// SPDX-License-Identifier: Apache-2.0

using System.Text;

namespace RuntimeGVisor.NodeInstaller.CommandLine;

/// <summary>The difference of two texts as diff -u prints it.</summary>
internal static class UnifiedDiff
{
    private const int Context = 3;

    /// <summary>Writes the difference; empty when there is none.</summary>
    /// <param name="path">The file's name.</param>
    /// <param name="before">The text before; null when the file does not exist.</param>
    /// <param name="after">The text after.</param>
    public static string Write(string path, string? before, string after)
    {
        if (before == after)
        {
            return "";
        }

        var lines = Compare(Split(before ?? ""), Split(after));
        var text = new StringBuilder($"--- {(before is null ? "/dev/null" : path)}\n+++ {path}\n");
        foreach (var (start, end) in Hunks(lines))
        {
            WriteHunk(text, lines, start, end);
        }

        return text.ToString();
    }

    private static string[] Split(string text) => text.Length == 0 ? [] : text.TrimEnd('\n').Split('\n');

    // Longest common subsequence; these files have hundreds of lines at most, and the same head and tail.
    private static List<(char Mark, string Line)> Compare(string[] before, string[] after)
    {
        var head = before.Zip(after).TakeWhile(pair => pair.First == pair.Second).Count();
        var tail = before.Skip(head).Reverse().Zip(after.Skip(head).Reverse()).TakeWhile(pair => pair.First == pair.Second).Count();
        var old = before[head..^tail];
        var @new = after[head..^tail];
        var common = Enumerable.Range(0, old.Length + 1).Select(_ => new int[@new.Length + 1]).ToArray();
        for (var i = old.Length - 1; i >= 0; i--)
        {
            for (var j = @new.Length - 1; j >= 0; j--)
            {
                common[i][j] = old[i] == @new[j] ? common[i + 1][j + 1] + 1 : Math.Max(common[i + 1][j], common[i][j + 1]);
            }
        }

        var lines = before[..head].Select(line => (' ', line)).ToList();
        for (int i = 0, j = 0; i < old.Length || j < @new.Length;)
        {
            if (i < old.Length && j < @new.Length && old[i] == @new[j])
            {
                lines.Add((' ', old[i++]));
                j++;
            }
            else if (i < old.Length && (j == @new.Length || common[i + 1][j] >= common[i][j + 1]))
            {
                lines.Add(('-', old[i++]));
            }
            else
            {
                lines.Add(('+', @new[j++]));
            }
        }

        lines.AddRange(before[(before.Length - tail)..].Select(line => (' ', line)));
        return lines;
    }

    private static IEnumerable<(int Start, int End)> Hunks(List<(char Mark, string Line)> lines)
    {
        (int Start, int End)? hunk = null;
        for (var index = 0; index < lines.Count; index++)
        {
            if (lines[index].Mark == ' ')
            {
                continue;
            }

            var (start, end) = (Math.Max(0, index - Context), Math.Min(lines.Count, index + Context + 1));
            if (hunk is { } open && start <= open.End)
            {
                hunk = (open.Start, end);
            }
            else
            {
                if (hunk is { } complete)
                {
                    yield return complete;
                }

                hunk = (start, end);
            }
        }

        if (hunk is { } last)
        {
            yield return last;
        }
    }

    private static void WriteHunk(StringBuilder text, List<(char Mark, string Line)> lines, int start, int end)
    {
        var (oldStart, oldCount) = Range('+');
        var (newStart, newCount) = Range('-');
        text.Append($"@@ -{oldStart},{oldCount} +{newStart},{newCount} @@\n");
        foreach (var (mark, line) in lines[start..end])
        {
            text.Append(mark).Append(line).Append('\n');
        }

        // Line numbers on one side: everything but the lines that only the other side has.
        (int Start, int Count) Range(char other)
        {
            var before = lines[..start].Count(line => line.Mark != other);
            var count = lines[start..end].Count(line => line.Mark != other);
            return (count == 0 ? before : before + 1, count);
        }
    }
}
