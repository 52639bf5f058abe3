// SPDX-License-Identifier: Apache-2.0

using System.Text.RegularExpressions;

namespace Documentation.Tests;

/// <summary>A page, as far as the tests look into it.</summary>
internal sealed partial class MarkdownPage
{
    private readonly string _whole;
    private readonly string _text;

    private MarkdownPage(string path, string text)
    {
        Path = path;
        _whole = text;
        _text = string.Join('\n', WithoutFencedBlocks(text.Split('\n')));
    }

    /// <summary>Relative to the repository's root.</summary>
    public string Path { get; }

    /// <summary>The targets of its links that lead to other places in the repository.</summary>
    public IEnumerable<PageLink> Links => Link().Matches(CodeSpan().Replace(_text, ""))
        .Select(match => match.Groups["target"].Value)
        .Where(target => !target.Contains("://", StringComparison.Ordinal) && !target.StartsWith("mailto:", StringComparison.Ordinal))
        .Select(target => new PageLink(this, target));

    /// <summary>The names under which its headings can be linked to.</summary>
    public IEnumerable<string> Anchors => Heading().Matches(_text)
        .Select(match => NotInAnchors().Replace(match.Groups["text"].Value.ToLowerInvariant(), "").Replace(' ', '-'));

    /// <summary>The content of the fenced blocks of a language.</summary>
    public IEnumerable<string> FencedBlocks(string language) =>
        FencedBlock().Matches(_whole).Where(match => match.Groups["language"].Value == language).Select(match => match.Groups["content"].Value);

    /// <summary>The code spans in the first column of every table whose first heading is <paramref name="heading"/>.</summary>
    public IEnumerable<string> FirstColumnOfTables(string heading)
    {
        var isInTable = false;
        foreach (var line in _text.Split('\n'))
        {
            var cell = line.StartsWith('|') ? line.Split('|')[1].Trim() : null;
            isInTable = cell is not null && (isInTable || cell == heading);
            foreach (Match span in isInTable ? CodeSpan().Matches(cell!) : Enumerable.Empty<Match>())
            {
                yield return span.Value.Trim('`');
            }
        }
    }

    public static IEnumerable<MarkdownPage> All() => Repository.Files(".md").Select(Read);

    public static MarkdownPage Read(string path) => new(path, Repository.Read(path));

    private static IEnumerable<string> WithoutFencedBlocks(IEnumerable<string> lines)
    {
        var isFenced = false;
        foreach (var line in lines)
        {
            var isFence = line.TrimStart().StartsWith("```", StringComparison.Ordinal);
            if (!isFence && !isFenced)
            {
                yield return line;
            }

            isFenced ^= isFence;
        }
    }

    [GeneratedRegex("^```(?<language>[^\n]*)\n(?<content>.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline | RegexOptions.NonBacktracking)]
    private static partial Regex FencedBlock();

    [GeneratedRegex("`[^`\n]+`", RegexOptions.NonBacktracking)]
    private static partial Regex CodeSpan();

    [GeneratedRegex("\\]\\((?<target>[^)\\s]+)\\)", RegexOptions.NonBacktracking)]
    private static partial Regex Link();

    [GeneratedRegex("^#+ (?<text>.+)$", RegexOptions.Multiline | RegexOptions.NonBacktracking)]
    private static partial Regex Heading();

    [GeneratedRegex("[^\\p{L}\\p{N} _-]", RegexOptions.NonBacktracking)]
    private static partial Regex NotInAnchors();
}

/// <summary>A link from a page to a place in the repository.</summary>
internal sealed record PageLink(MarkdownPage Page, string Target)
{
    /// <summary>The file or folder, relative to the repository's root.</summary>
    public string File => Target.Split('#')[0] is { Length: > 0 } path
        ? Path.GetRelativePath(Repository.Root, Path.Combine(Repository.Root, Path.GetDirectoryName(Page.Path)!, path))
        : Page.Path;

    /// <summary>The heading; null for the page as a whole.</summary>
    public string? Anchor => Target.Split('#') is [_, var anchor] ? anchor : null;

    public override string ToString() => $"{Page.Path}: {Target}";
}
