// SPDX-License-Identifier: Apache-2.0

using Kubernetes.Controllers.Serialization;

namespace Kubernetes.Controllers.Tests.Serialization;

public sealed class YamlDocumentsTests
{
    private const string Manifest = """
        ---
        apiVersion: v1 # a comment
        kind: "Secret"
        metadata: {name: a, labels: {'x': yes, y: 007}}
        data: &anchor
          - one
          - |
            two
            lines
          - >-
            folded
        more: *anchor
        ---
        ? key
        : 1.5e3
        """;

    private const string Fragments = "-:?&*!|>'\"%@`{}[],#\t\n ~\\<a0";

    [Theory]
    [InlineData("a: 1", """{"a":1}""")]
    [InlineData("a: yes", """{"a":true}""")]
    [InlineData("a: \"yes\"", """{"a":"yes"}""")]
    [InlineData("a: ~", """{"a":null}""")]
    [InlineData("a: 007", """{"a":7}""")]
    [InlineData("a: 1.5", """{"a":1.5}""")]
    [InlineData("a: [1, x]", """{"a":[1,"x"]}""")]
    [InlineData("""{"a": {"b": "c"}}""", """{"a":{"b":"c"}}""")]
    public void A_document_becomes_the_JSON_that_Kubernetes_sees(string yaml, string json) =>
        YamlDocuments.Read(yaml).Should().ContainSingle().Which!.ToJsonString().Should().Be(json);

    [Fact]
    public void Each_document_of_a_stream_is_one() =>
        YamlDocuments.Read(Manifest).Should().HaveCount(2);

    [Fact]
    public void A_merge_key_is_an_error_and_no_field() =>
        FluentActions.Invoking(() => YamlDocuments.Read("a: &a {b: 1}\nc:\n  <<: *a")).Should().Throw<FormatException>().WithMessage("*merge keys are not read*");

    [Fact]
    public void A_quoted_merge_key_is_a_field_like_any_other() =>
        YamlDocuments.Read("\"<<\": 1").Should().ContainSingle().Which!.ToJsonString().Should().Contain("1");

    [Fact]
    public void A_node_that_contains_itself_is_an_error() =>
        FluentActions.Invoking(() => YamlDocuments.Read("a: &a [*a]")).Should().Throw<FormatException>();

    /// <summary>Whatever an operator's file holds, the answer is its content or one kind of error.</summary>
    [Fact]
    public void Broken_text_is_a_format_error_and_nothing_else()
    {
        var random = new Random(1);
        var refused = 0;
        for (var i = 0; i < 20_000; i++)
        {
            var text = Break(Manifest, random);
            try
            {
                YamlDocuments.Read(text);
            }
            catch (FormatException)
            {
                refused++;
            }
            catch (Exception exception)
            {
                Assert.Fail($"{exception.GetType().Name}: {exception.Message} for:\n{text}");
            }
        }

        refused.Should().BeInRange(1_000, 19_999, "the texts must be broken in earnest, and not all of them");
    }

    private static string Break(string text, Random random)
    {
        for (var changes = random.Next(1, 4); changes > 0; changes--)
        {
            var at = random.Next(text.Length);
            var fragment = Fragments[random.Next(Fragments.Length)].ToString();
            text = random.Next(3) switch
            {
                0 => text.Remove(at, Math.Min(random.Next(1, 10), text.Length - at)),
                1 => text.Insert(at, fragment),
                _ => text[..at] + fragment + text[(at + 1)..],
            };
        }

        return text;
    }
}
