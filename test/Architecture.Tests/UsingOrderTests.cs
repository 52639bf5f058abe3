// SPDX-License-Identifier: Apache-2.0

namespace Architecture.Tests;

/// <summary>
/// The order of using directives: the one rule of our format that neither the build nor "dotnet format whitespace" knows, and for which the
/// whole formatter would have to load the solution.
/// </summary>
public sealed class UsingOrderTests
{
    [Fact]
    public void Using_directives_are_sorted_with_System_first()
    {
        var root = Repository.Root;
        var sources = new[] { "src", "test", "bench", "hack", "example" }
            .SelectMany(folder => Directory.EnumerateFiles(Path.Combine(root, folder), "*.cs", SearchOption.AllDirectories)).ToArray();

        sources.Should().NotBeEmpty();
        sources.Where(source => !IsSorted(File.ReadLines(source))).Select(source => Path.GetRelativePath(root, source)).Should().BeEmpty();
    }

    private static bool IsSorted(IEnumerable<string> lines)
    {
        var names = lines.TakeWhile(line => !line.StartsWith("namespace ", StringComparison.Ordinal))
            .Where(line => line.StartsWith("using ", StringComparison.Ordinal) && line.EndsWith(';') && !line.Contains('=') && !line.Contains('('))
            .Select(line => line["using ".Length..^1]).ToArray();
        return names.SequenceEqual(names
            .OrderBy(name => name.StartsWith("static ", StringComparison.Ordinal))
            .ThenBy(name => name != "System" && !name.StartsWith("System.", StringComparison.Ordinal))
            .ThenBy(name => name, StringComparer.Ordinal));
    }
}
