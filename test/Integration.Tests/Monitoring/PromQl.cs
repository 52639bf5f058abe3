// SPDX-License-Identifier: Apache-2.0

using System.Text.RegularExpressions;

namespace Integration.Tests.Monitoring;

/// <summary>Which metrics an expression of Prometheus' query language names.</summary>
internal static partial class PromQl
{
    private static readonly HashSet<string> Operators = ["and", "or", "unless", "bool", "offset", "inf", "nan"];

    public static IReadOnlySet<string> MetricsOf(string expression)
    {
        var rest = Strings().Replace(expression, "");
        rest = Selectors().Replace(rest, "");
        rest = Grouping().Replace(rest, "");
        return Names().Matches(rest).Select(match => match.Value).Where(name => !Operators.Contains(name)).ToHashSet(StringComparer.Ordinal);
    }

    [GeneratedRegex("\"[^\"]*\"", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Strings();

    /// <summary>Labels in braces and ranges in brackets.</summary>
    [GeneratedRegex(@"\{[^}]*\}|\[[^\]]*\]", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Selectors();

    [GeneratedRegex(@"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Grouping();

    /// <summary>What is called is a function, and digits begin a number.</summary>
    [GeneratedRegex(@"(?<![A-Za-z0-9_:.])[A-Za-z_:][A-Za-z0-9_:]*(?!\s*\(|[A-Za-z0-9_:])(?!\s*(?:by|without)\b)", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Names();
}
