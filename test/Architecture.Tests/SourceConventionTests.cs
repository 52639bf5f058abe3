// SPDX-License-Identifier: Apache-2.0

using System.Text.RegularExpressions;

namespace Architecture.Tests;

/// <summary>What a reader relies on everywhere, and no analyzer looks at.</summary>
public sealed partial class SourceConventionTests
{
    private const int MaxTestNameLength = 80;

    private static readonly (string Path, string Text)[] Sources =
        [.. new[] { "bench", "example", "hack", "src", "test" }.SelectMany(folder => Repository.Files(".cs", folder)).Select(path => (path, Repository.Read(path)))];

    [Fact]
    public void A_source_file_has_the_name_of_a_type_in_it() =>
        Sources.Where(source => !source.Path.StartsWith("test/", StringComparison.Ordinal))
            .Where(source => TypeName().Matches(source.Text).Select(match => match.Groups["name"].Value).ToArray() is { Length: > 0 } types
                && !types.Contains(Path.GetFileName(source.Path).Split('.')[0], StringComparer.Ordinal))
            .Select(source => source.Path)
            .Should().BeEmpty();

    [Fact]
    public void A_caught_exception_is_called_exception() => Findings(OtherExceptionName()).Should().BeEmpty();

    [Fact]
    public void A_log_message_names_its_level_by_position() => Findings(NamedLogLevel()).Should().BeEmpty();

    [Fact]
    public void A_limit_is_called_Max() => Findings(OtherLimitName()).Should().BeEmpty();

    [Fact]
    public void A_test_name_has_a_subject_and_at_most_80_characters() =>
        Sources.Where(source => source.Path.StartsWith("test/", StringComparison.Ordinal))
            .SelectMany(source => TestName().Matches(source.Text).Select(match => match.Groups["name"].Value))
            .Where(name => name.Length > MaxTestNameLength || name.StartsWith("It_", StringComparison.Ordinal))
            .Should().BeEmpty();

    private static IEnumerable<string> Findings(Regex pattern) =>
        Sources.SelectMany(source => pattern.Matches(source.Text).Select(match => $"{source.Path}: {match.Value}"));

    [GeneratedRegex(
        @"^(?:(?:public|internal|file|static|sealed|abstract|partial|readonly|ref|unsafe) )*(?:class|struct|interface|enum|record(?: struct)?|delegate \S+) (?<name>\w+)",
        RegexOptions.ExplicitCapture | RegexOptions.Multiline,
        matchTimeoutMilliseconds: 10_000)]
    private static partial Regex TypeName();

    /// <summary>A catch inside of another one needs a second name.</summary>
    [GeneratedRegex(@"catch \(\w+ (?!exception\b|innerException\b)\w+\)", RegexOptions.None, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex OtherExceptionName();

    [GeneratedRegex(@"\[LoggerMessage\(Level\b", RegexOptions.None, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex NamedLogLevel();

    [GeneratedRegex(@"\bconst \w+ (?:Maximum|Most|Longest|Largest|Deepest|Biggest)\w* =", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex OtherLimitName();

    [GeneratedRegex(@"\[(?:Fact|Theory)\b[^{};]*? (?:Task|void) (?<name>\w+)\(", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex TestName();
}
