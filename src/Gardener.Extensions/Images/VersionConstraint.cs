// SPDX-License-Identifier: Apache-2.0

using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;

namespace Gardener.Extensions.Images;

/// <summary>
/// A constraint on semantic versions as image vectors write it: comparisons (<c>= != &gt; &gt;= &lt; &lt;= ~ ^</c>) with complete, partial or
/// wildcard versions, ranges (<c>1.2 - 1.4</c>), "and" by comma or blank, "or" by <c>||</c>. Suffixes such as <c>-rc.1</c> do not count,
/// neither in constraints nor in versions.
/// </summary>
public sealed partial record VersionConstraint
{
    private const int Endless = int.MaxValue;

    private readonly string _text;
    private readonly ImmutableArray<ImmutableArray<Range>> _alternatives;

    private VersionConstraint(string text, ImmutableArray<ImmutableArray<Range>> alternatives) => (_text, _alternatives) = (text, alternatives);

    /// <summary>Whether the constraint names one version; such an entry is preferred to one that names a range.</summary>
    public bool IsExact => ExactVersion().IsMatch(_text);

    /// <summary>Parses a constraint.</summary>
    /// <param name="text">The constraint's text.</param>
    /// <param name="constraint">The constraint.</param>
    /// <returns>Whether the text is a constraint.</returns>
    public static bool TryParse(string text, [NotNullWhen(true)] out VersionConstraint? constraint)
    {
        constraint = null;
        var alternatives = ImmutableArray.CreateBuilder<ImmutableArray<Range>>();
        foreach (var alternative in text.Split("||"))
        {
            var comparisons = HyphenRange().Replace(alternative, ">=${from} <=${to}");
            if (!Alternative().IsMatch(comparisons))
            {
                return false;
            }

            alternatives.Add([.. Comparison().Matches(comparisons).Select(ToRange)]);
        }

        constraint = new(text, alternatives.ToImmutable());
        return true;
    }

    /// <summary>Whether a version satisfies the constraint.</summary>
    /// <param name="version">A version such as <c>1.31.4</c> or <c>v1.31</c>.</param>
    /// <exception cref="FormatException">The text is no version.</exception>
    public bool Allows(string version)
    {
        var match = Version().Match(version);
        var point = match.Success
            ? (Number(match, "major") ?? 0, Number(match, "minor") ?? 0, Number(match, "patch") ?? 0)
            : throw new FormatException($"\"{version}\" is not a version such as 1.31.4.");
        return _alternatives.Any(ranges => ranges.All(range => range.Contains(point)));
    }

    /// <inheritdoc/>
    public bool Equals(VersionConstraint? other) => other is not null && _text == other._text;

    /// <inheritdoc/>
    public override int GetHashCode() => StringComparer.Ordinal.GetHashCode(_text);

    /// <summary>The constraint as it was written.</summary>
    public override string ToString() => _text;

    private static Range ToRange(Match comparison)
    {
        var (major, minor, patch) = (Number(comparison, "major"), Number(comparison, "minor"), Number(comparison, "patch"));
        minor = major is null ? null : minor;
        patch = minor is null ? null : patch;
        var version = (major ?? 0, minor ?? 0, patch ?? 0);

        // The first version that a partial one does not mean: 1.2 means all from 1.2.0 to before 1.3.0.
        var next = (major, minor, patch) switch
        {
            (null, _, _) => (Endless, 0, 0),
            ({ } x, null, _) => (x + 1, 0, 0),
            ({ } x, { } y, null) => (x, y + 1, 0),
            ({ } x, { } y, { } z) => (x, y, z + 1),
        };
        return comparison.Groups["operator"].Value switch
        {
            "!=" => new(version, next) { IsExcluded = true },
            ">" => new(next, (Endless, 0, 0)),
            ">=" or "=>" => new(version, (Endless, 0, 0)),
            "<" => new((0, 0, 0), version),
            "<=" or "=<" => new((0, 0, 0), next),
            "~" or "~>" when patch is not null => new(version, (major!.Value, minor!.Value + 1, 0)),
            "^" when major is > 0 => new(version, (major.Value + 1, 0, 0)),
            "^" when minor is > 0 => new(version, (0, minor.Value + 1, 0)),
            _ => new(version, next),
        };
    }

    private static int? Number(Match match, string group) => int.TryParse(match.Groups[group].ValueSpan, out var number) ? number : null;

    private const string VersionPattern =
        @"v?(?<major>[0-9]{1,8}|[xX*])(?:\.(?<minor>[0-9]{1,8}|[xX*]))?(?:\.(?<patch>[0-9]{1,8}|[xX*]))?(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?";

    private const string ComparisonPattern = @"(?<operator>=|!=|>=|=>|<=|=<|>|<|~>|~|\^)?\s*" + VersionPattern;

    [GeneratedRegex(@"\A(?:v?[0-9]+\.[0-9]+\.[0-9]+|=)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex ExactVersion();

    [GeneratedRegex(@"\A\s*" + VersionPattern + @"\s*\z", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Version();

    [GeneratedRegex(@"(?<from>[0-9vxX*][0-9A-Za-z.*+-]*)\s+-\s+(?<to>[0-9vxX*][0-9A-Za-z.*+-]*)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex HyphenRange();

    [GeneratedRegex(@"\A\s*" + ComparisonPattern + @"(?:(?:\s*,\s*|\s+)" + ComparisonPattern + @")*\s*\z", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Alternative();

    [GeneratedRegex(ComparisonPattern, RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Comparison();

    /// <summary>All versions from one up to before another, or all others.</summary>
    private readonly record struct Range((int Major, int Minor, int Patch) From, (int Major, int Minor, int Patch) Before)
    {
        public bool IsExcluded { get; init; }

        public bool Contains((int Major, int Minor, int Patch) version) =>
            (version.CompareTo(From) >= 0 && version.CompareTo(Before) < 0) != IsExcluded;
    }
}
