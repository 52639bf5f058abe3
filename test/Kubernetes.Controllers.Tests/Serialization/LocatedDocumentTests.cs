// SPDX-License-Identifier: Apache-2.0

using Kubernetes.Controllers.Serialization;

namespace Kubernetes.Controllers.Tests.Serialization;

public sealed class LocatedDocumentTests
{
    private const string Text = """
        spec:
          workers:
          - name: a
          - labels: {"x.y/z": "1", tier: "2"}
        """;

    [Theory]
    [InlineData("", 1, 1)]
    [InlineData("spec", 1, 1)]
    [InlineData("spec.workers", 2, 3)]
    [InlineData("spec.workers[1]", 4, 5)]
    [InlineData("spec.workers[1].labels[tier]", 4, 28)]
    [InlineData("spec.workers[1].labels[\"x.y/z\"]", 4, 14)]
    [InlineData("spec.workers[1].labels[other]", 4, 5)]
    [InlineData("spec.workers[7].name", 2, 3)]
    [InlineData("status.phase", 1, 1)]
    public void A_field_has_the_place_of_its_name_or_of_the_last_one_that_exists(string path, int line, int column) =>
        YamlDocuments.ReadLocated(Text).Single().PositionOf(path).Should().Be((line, column));

    [Fact]
    public void A_place_is_counted_from_the_beginning_of_the_stream() =>
        YamlDocuments.ReadLocated($"a: 1\n---\n{Text}")[1].PositionOf("spec").Should().Be((3, 1));

    [Fact]
    public void A_number_that_JSON_cannot_hold_is_a_text() =>
        ((string?)YamlDocuments.Read("a: 1e999")[0]!["a"]).Should().Be("1e999");

    [Fact]
    public void A_repeated_key_is_an_error_with_its_place()
    {
        var error = FluentActions.Invoking(() => YamlDocuments.ReadLocated("a: 1\na: 2")).Should().Throw<YamlFormatException>().Which;

        (error.Line, error.Column, error.Problem).Should().Be((2, 1, "Duplicate key a"));
    }
}
