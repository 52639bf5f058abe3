// SPDX-License-Identifier: Apache-2.0

using Gardener.Extensions.Images;

namespace Gardener.Extensions.Tests.Images;

/// <summary>Gardener contract 5.6: resolution, override, selection.</summary>
public sealed class ImageVectorTests
{
    [Theory]
    [InlineData("repository: r.example/a", "r.example/a:v1.2.3")]
    [InlineData("repository: r.example/a, tag: v1", "r.example/a:v1")]
    [InlineData("repository: r.example/a, tag: 1.10", "r.example/a:1.10")]
    [InlineData("repository: r.example/a, tag: 'sha256:abc'", "r.example/a@sha256:abc")]
    [InlineData("ref: 'r.example/a:v7@sha256:abc'", "r.example/a:v7@sha256:abc")]
    [InlineData("ref: r.example/a", "r.example/a")]
    public void A_default_tag_applies_only_to_a_repository_without_one(string entry, string reference) =>
        Vector($"{{name: a, {entry}}}").Find("a").WithDefaultTag("v1.2.3").ToString().Should().Be(reference);

    [Fact]
    public void Without_a_default_the_tag_is_the_target_version() =>
        Vector("{name: a, repository: r.example/a}").Find("a", targetVersion: "1.31.4").ToString().Should().Be("r.example/a:v1.31.4");

    [Fact]
    public void Without_any_tag_the_repository_stands_alone() =>
        Vector("{name: a, repository: r.example/a}").Find("a").ToString().Should().Be("r.example/a");

    /// <summary>Entries, what is asked for, and the repository that is found.</summary>
    public static TheoryData<string, string?, string?, string, string> Selections() => new()
    {
        { "{name: a, repository: first}, {name: a, repository: second}", null, null, "amd64", "first" },
        { "{name: a, repository: old, runtimeVersion: '< 1.30'}, {name: a, repository: new, runtimeVersion: '>= 1.30'}", null, null, "amd64", "old" },
        { "{name: a, repository: old, runtimeVersion: '< 1.30'}, {name: a, repository: new, runtimeVersion: '>= 1.30'}", "1.31.0", null, "amd64", "new" },
        { "{name: a, repository: old, targetVersion: '< 1.30'}, {name: a, repository: new, targetVersion: '>= 1.30'}", null, "1.31.0", "amd64", "new" },
        { "{name: a, repository: range, runtimeVersion: '>= 1.30'}, {name: a, repository: exact, runtimeVersion: 1.31.0}", "1.31.0", null, "amd64", "exact" },
        { "{name: a, repository: range, runtimeVersion: '>= 1.30'}, {name: a, repository: equal, runtimeVersion: '= 1.31'}", "1.31.0", null, "amd64", "equal" },
        { "{name: a, repository: any}, {name: a, repository: range, runtimeVersion: '>= 1.30'}", "1.31.0", null, "amd64", "range" },
        { "{name: a, repository: both}, {name: a, repository: amd, architectures: [amd64]}", null, null, "amd64", "amd" },
        { "{name: a, repository: both}, {name: a, repository: amd, architectures: [amd64]}", null, null, "arm64", "both" },
        { "{name: a, repository: multi, architectures: [amd64, arm64]}, {name: a, repository: arm, architectures: [arm64]}", null, null, "arm64", "arm" },
        { "{name: b, repository: other}, {name: a, repository: mine}", null, null, "amd64", "mine" },
    };

    [Theory]
    [MemberData(nameof(Selections))]
    public void The_entry_that_fits_best_is_found(string entries, string? runtimeVersion, string? targetVersion, string architecture, string repository) =>
        Vector(entries).Find("a", runtimeVersion, targetVersion, architecture).Repository.Should().Be(repository);

    [Theory]
    [InlineData("{name: b, repository: r}, {name: c, repository: r}", "amd64", "the image vector has no image \"a\" for runtime version any, target version any, architecture amd64; it has b, c")]
    [InlineData("", "amd64", "the image vector has no image \"a\" for runtime version any, target version any, architecture amd64; it has nothing")]
    [InlineData("{name: a, repository: r, architectures: [arm64]}", "amd64", "the image vector has no image \"a\" for runtime version any, target version any, architecture amd64; it has a")]
    [InlineData("{name: a, repository: r}", "s390x", "the image vector has no image \"a\" for runtime version any, target version any, architecture s390x; it has a")]
    public void A_lacking_image_is_an_error_that_says_what_there_is(string entries, string architecture, string message) =>
        FluentActions.Invoking(() => Vector(entries).Find("a", architecture: architecture)).Should().Throw<ImageVectorException>().WithMessage(message);

    /// <summary>An entry, an entry that overrides it, and the reference and version that come out.</summary>
    public static TheoryData<string, string, string, string?> Overrides() => new()
    {
        { "repository: old", "repository: new", "new:build", null },
        { "repository: old, tag: v1", "repository: new", "new:v1", "v1" },
        { "repository: old, tag: v1", "repository: new, tag: v2", "new:v2", "v1" },
        { "repository: old, tag: v1, version: x", "repository: new, tag: v2", "new:v2", "x" },
        { "repository: old, tag: v1, version: x", "repository: new, tag: v2, version: y", "new:v2", "y" },
        { "repository: old, tag: v1", "ref: 'new:v3'", "new:v3", "v1" },
        { "ref: 'old:v1'", "repository: new", "new:build", null },
        { "ref: 'old:v1'", "ref: 'new:v3'", "new:v3", null },
    };

    [Theory]
    [MemberData(nameof(Overrides))]
    public void An_override_is_merged_field_by_field(string entry, string overriding, string reference, string? version)
    {
        var image = Vector($"{{name: a, {entry}}}").OverriddenBy(Vector($"{{name: a, {overriding}}}")).Find("a").WithDefaultTag("build");

        image.ToString().Should().Be(reference);
        image.Version.Should().Be(version);
    }

    [Theory]
    [InlineData("{name: a, repository: new}", new[] { "new", "arm", "b" })]
    [InlineData("{name: a, repository: new, architectures: [arm64]}", new[] { "any", "new", "b" })]
    [InlineData("{name: a, repository: new, architectures: [amd64, arm64]}", new[] { "any", "arm", "b", "new" })]
    [InlineData("{name: a, repository: new, runtimeVersion: '*'}", new[] { "any", "arm", "b", "new" })]
    [InlineData("{name: c, repository: new}", new[] { "any", "arm", "b", "new" })]
    public void An_override_meets_only_the_entry_for_the_same_versions_and_architectures(string overriding, string[] repositories) =>
        Vector("{name: a, repository: any}, {name: a, repository: arm, architectures: [arm64]}, {name: b, repository: b}")
            .OverriddenBy(Vector(overriding))
            .Images.Select(source => source.Repository).Should().Equal(repositories);

    private static ImageVector Vector(string entries) => ImageVectorFile.Read($"images: [{entries}]", "test", TimeProvider.System);
}
