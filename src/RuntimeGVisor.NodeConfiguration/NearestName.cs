// SPDX-License-Identifier: Apache-2.0

namespace RuntimeGVisor.NodeConfiguration;

/// <summary>Finds the name that a person probably meant.</summary>
internal static class NearestName
{
    private const int MaxNameLength = 64;

    /// <summary>The candidate with the fewest edits from <paramref name="name"/>, or null when none is near.</summary>
    public static string? Of(string name, IEnumerable<string> candidates)
    {
        if (name.Length > MaxNameLength)
        {
            return null;
        }

        var most = Math.Max(1, name.Length / 3);
        return candidates
            .Select(candidate => (candidate, distance: Distance(Simplify(name), Simplify(candidate))))
            .Where(pair => pair.distance <= most)
            .OrderBy(pair => pair.distance)
            .ThenBy(pair => pair.candidate, StringComparer.Ordinal)
            .Select(pair => pair.candidate)
            .FirstOrDefault();
    }

    // netRaw, net_raw and NET-RAW all mean net-raw.
    private static string Simplify(string name) =>
        name.Replace("-", "", StringComparison.Ordinal).Replace("_", "", StringComparison.Ordinal).ToLowerInvariant();

    /// <summary>Levenshtein's distance.</summary>
    private static int Distance(string from, string to)
    {
        var row = Enumerable.Range(0, to.Length + 1).ToArray();
        for (var i = 1; i <= from.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= to.Length; j++)
            {
                var substitution = diagonal + (from[i - 1] == to[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(substitution, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[^1];
    }
}
