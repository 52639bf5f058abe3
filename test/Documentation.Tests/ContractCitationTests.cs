// SPDX-License-Identifier: Apache-2.0

using System.Text.RegularExpressions;

namespace Documentation.Tests;

/// <summary>What code and pages cite as "Gardener contract 4.7" is a section of docs/development/gardener-contract.md.</summary>
public sealed partial class ContractCitationTests
{
    private const string Contract = "docs/development/gardener-contract.md";

    [Fact]
    public void Each_citation_of_Gardeners_contract_names_a_section_that_exists()
    {
        var sections = Section().Matches(Repository.Read(Contract)).Select(match => match.Groups["section"].Value).ToHashSet(StringComparer.Ordinal);

        // The pattern of a citation is not one itself.
        var files = new[] { ".cs", ".md", ".sh", ".yaml" }.SelectMany(extension => Repository.Files(extension))
            .Where(file => Path.GetFileName(file) != $"{nameof(ContractCitationTests)}.cs").ToArray();
        var citations = files.SelectMany(file => Citation().Matches(Repository.Read(file)).Select(match => (File: file, match.Value,
            Sections: Number().Matches(match.Groups["sections"].Value).Select(number => number.Value).ToArray()))).ToArray();

        citations.Should().NotBeEmpty();
        citations.Where(citation => citation.Sections.Length == 0 || !citation.Sections.All(sections.Contains))
            .Select(citation => $"{citation.File}: {citation.Value}").Should().BeEmpty();
    }

    [GeneratedRegex(@"^##+ (?<section>\d+(\.\d+)?)\.? ", RegexOptions.Multiline | RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Section();

    [GeneratedRegex(@"Gardener contract\b(?<sections> \d+(\.\d+)?((, | and )\d+(\.\d+)?)*)?", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Citation();

    [GeneratedRegex(@"\d+(\.\d+)?", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Number();
}
