// SPDX-License-Identifier: Apache-2.0

namespace Documentation.Tests;

/// <summary>C# on a page is code that the build compiles: it stands in a source file, line by line. A line "// …" leaves something out.</summary>
public sealed class SnippetTests
{
    private const string Begin = "```csharp";
    private const string End = "```";
    private const string Omission = "// …";

    private static readonly Lazy<string[]> Sources = new(() =>
        [.. new[] { "example", "src", "test" }.SelectMany(folder => Repository.Files(".cs", folder)).Select(path => Normalized(Repository.Read(path).Split('\n')))]);

    public static TheoryData<string> Pages() => [.. Repository.Files(".md").Where(page => Repository.Read(page).Contains(Begin, StringComparison.Ordinal))];

    [Theory]
    [MemberData(nameof(Pages))]
    public void A_snippet_is_code_that_is_compiled(string page) =>
        Snippets(page).Where(snippet => !Sources.Value.Any(source => HasAll(source, snippet))).Should().BeEmpty();

    private static IEnumerable<string> Snippets(string page) =>
        Repository.Read(page).Split(Begin).Skip(1).Select(rest => rest.Split(End)[0]);

    private static bool HasAll(string source, string snippet)
    {
        var position = 0;
        foreach (var part in snippet.Split(Omission))
        {
            var lines = Normalized(part.Split('\n'));
            position = source.IndexOf(lines, position, StringComparison.Ordinal);
            if (position < 0)
            {
                return false;
            }

            position += lines.Length;
        }

        return true;
    }

    private static string Normalized(IEnumerable<string> lines) =>
        string.Concat(lines.Select(line => line.Trim()).Where(line => line.Length > 0).Select(line => $"{line}\n"));
}
