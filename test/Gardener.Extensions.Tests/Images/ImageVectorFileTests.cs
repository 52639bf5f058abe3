// SPDX-License-Identifier: Apache-2.0

using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Gardener.Extensions.Images;
using Microsoft.Extensions.Time.Testing;

namespace Gardener.Extensions.Tests.Images;

public sealed class ImageVectorFileTests
{
    private static readonly FakeTimeProvider Time = new(new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    [Fact]
    public void Every_field_of_the_format_is_read_and_others_are_ignored()
    {
        var vector = Read(
            """
            images:
            - name: a
              sourceRepository: github.com/example/a
              repository: r.example/a
              tag: "1.10"
              version: v1
              runtimeVersion: ">= 1.30"
              targetVersion: 1.31.x
              architectures: [amd64]
              labels: [{name: x}]
              resourceId: {name: y}
              another: field
            other: true
            """);

        var source = vector.Images.Should().ContainSingle().Subject;
        source.Should().BeEquivalentTo(new { Name = "a", Ref = (string?)null, Repository = "r.example/a", Tag = "1.10", Version = "v1" });
        source.RuntimeVersion!.ToString().Should().Be(">= 1.30");
        source.TargetVersion!.ToString().Should().Be("1.31.x");
        source.Architectures.Should().Equal("amd64");
        vector.CaBundle.Should().BeNull();
    }

    [Fact]
    public void JSON_is_read_as_well() => Read("""{"images":[{"name":"a","ref":"r.example/a:1"}]}""").Images[0].Ref.Should().Be("r.example/a:1");

    [Theory]
    [InlineData("")]
    [InlineData("images:")]
    [InlineData("images: []")]
    [InlineData("{}")]
    public void A_vector_may_be_empty(string yaml) => Read(yaml).Images.Should().BeEmpty();

    [Theory]
    [InlineData("images: [{repository: r}]", "images[0].name: is missing")]
    [InlineData("images: [{name: '', repository: r}]", "images[0].name: must be a string that is not empty")]
    [InlineData("images: [{name: a}]", "images[0].repository: is missing; either ref or repository is needed")]
    [InlineData("images: [{name: a, repository: null}]", "images[0].repository: is missing; either ref or repository is needed")]
    [InlineData("images: [{name: a, repository: ''}]", "images[0].repository: must be a string that is not empty")]
    [InlineData("images: [{name: a, ref: ''}]", "images[0].ref: must be a string that is not empty")]
    [InlineData("images: [{name: a, repository: r, tag: ''}]", "images[0].tag: must be a string that is not empty")]
    [InlineData("images: [{name: a, repository: r, tag: [v1]}]", "images[0].tag: must be a string that is not empty")]
    [InlineData("images: [{name: a, repository: r, ref: f}]", "images[0].ref: \"f\" is not allowed: either ref or repository, not both")]
    [InlineData("images: [{name: a, ref: f, tag: t}]", "images[0].tag: \"t\" is not allowed: no tag beside ref")]
    [InlineData("images: [{name: a, ref: f}, {name: b, ref: f, runtimeVersion: new}]", "images[1].runtimeVersion: \"new\" is not allowed: a constraint on versions such as \">= 1.31, < 1.33\"")]
    [InlineData("images: [{name: a, ref: f, targetVersion: '>'}]", "images[0].targetVersion: \">\" is not allowed: a constraint on versions such as \">= 1.31, < 1.33\"")]
    [InlineData("images: [{name: a, ref: f, architectures: amd64}]", "images[0].architectures: must be a list")]
    [InlineData("images: [{name: a, ref: f, architectures: [{}]}]", "images[0].architectures[0]: must be a string that is not empty")]
    [InlineData("images: {name: a}", "images: must be a list")]
    [InlineData("images: [a]", "images[0]: must be an object")]
    [InlineData("images", "the document: must be an object")]
    [InlineData("caBundle: {}", "caBundle.inline: must be certificates in PEM that have not expired: there is none")]
    [InlineData("caBundle: {inline: no certificate}", "caBundle.inline: must be certificates in PEM that have not expired: there is none")]
    public void A_wrong_field_is_named_with_its_place_value_and_what_is_allowed(string yaml, string error) =>
        FluentActions.Invoking(() => Read(yaml)).Should().Throw<ImageVectorException>().WithMessage($"vector.yaml: the image vector is wrong: {error}*");

    [Theory]
    [InlineData("images: [")]
    [InlineData("a: b: c")]
    [InlineData("images: []\nimages: []")]
    public void What_is_no_YAML_is_an_error_with_its_line(string yaml) =>
        FluentActions.Invoking(() => Read(yaml)).Should().Throw<ImageVectorException>().WithMessage("vector.yaml: the image vector is no YAML: line *");

    [Fact]
    public void All_errors_are_told_at_once() =>
        FluentActions.Invoking(() => Read("images: [{name: a}, {repository: r}]")).Should().Throw<ImageVectorException>().WithMessage("*images[0]*; images[1]*");

    [Fact]
    public void A_file_that_is_not_there_is_an_error_with_its_path() =>
        FluentActions.Invoking(() => ImageVectorFile.ReadFile("/nonexistent/images.yaml", Time))
            .Should().Throw<ImageVectorException>().WithMessage("/nonexistent/images.yaml: the image vector cannot be read: *");

    [Fact]
    public void Certificates_are_taken_until_they_expire()
    {
        var pem = Certificate(until: new(2026, 6, 1, 0, 0, 0, TimeSpan.Zero));
        var yaml = $"caBundle:\n  inline: |\n    {pem.ReplaceLineEndings("\n    ")}\n";

        Read(yaml).CaBundle.Should().StartWith("-----BEGIN CERTIFICATE-----");
        FluentActions.Invoking(() => ImageVectorFile.Read(yaml, "vector.yaml", new FakeTimeProvider(new(2026, 6, 1, 0, 0, 1, TimeSpan.Zero))))
            .Should().Throw<ImageVectorException>().WithMessage("*caBundle.inline: *CN=test expired on 2026-06-01");
    }

    [Fact]
    public void Certificates_of_the_override_win()
    {
        var (own, other) = (new ImageVector { Images = [], CaBundle = "own" }, new ImageVector { Images = [], CaBundle = "other" });
        var none = new ImageVector { Images = [] };

        own.OverriddenBy(other).CaBundle.Should().Be("other");
        own.OverriddenBy(none).CaBundle.Should().Be("own");
        none.OverriddenBy(other).CaBundle.Should().Be("other");
    }

    private static ImageVector Read(string yaml) => ImageVectorFile.Read(yaml, "vector.yaml", Time);

    private static string Certificate(DateTimeOffset until)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=test", key, HashAlgorithmName.SHA256).CreateSelfSigned(until.AddYears(-1), until);
        return certificate.ExportCertificatePem();
    }
}
