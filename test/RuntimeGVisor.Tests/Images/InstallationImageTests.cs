// SPDX-License-Identifier: Apache-2.0

using Gardener.Extensions.Images;
using RuntimeGVisor.Images;
using RuntimeGVisor.ProviderConfiguration;

namespace RuntimeGVisor.Tests.Images;

/// <summary>The vectors of Gardener's contract.</summary>
public sealed class InstallationImageTests
{
    private const string Repository = "registry.example.com/gvisor/runtime-gvisor-installation";

    [Fact]
    public void The_embedded_image_has_the_tag_of_the_build() =>
        new InstallationImage(InstallationImage.ReadEmbeddedVector(TimeProvider.System), "v0.1.0").For(GVisorConfiguration.Empty).Should().Be($"{Repository}:v0.1.0");

    [Theory]
    [InlineData("repository: r.example/x", "r.example/x:v0.1.0")]
    [InlineData("repository: r.example/x, tag: v9", "r.example/x:v9")]
    [InlineData("repository: r.example/x, tag: 'sha256:abc'", "r.example/x@sha256:abc")]
    [InlineData("ref: 'r.example/x@sha256:abc'", "r.example/x@sha256:abc")]
    public void An_operator_overrides_the_embedded_image_by_its_name(string entry, string reference)
    {
        var overrides = ImageVectorFile.Read($"images: [{{name: runtime-gvisor-installation, {entry}}}]", "override", TimeProvider.System);

        new InstallationImage(InstallationImage.ReadEmbeddedVector(TimeProvider.System).OverriddenBy(overrides), "v0.1.0")
            .For(GVisorConfiguration.Empty).Should().Be(reference);
    }

    [Theory]
    [InlineData(null, null, "r.example/x:v1")]
    [InlineData(null, "pr-1", "r.example/x:v1")]
    [InlineData("", "pr-1", "r.example/x:v1")]
    [InlineData("t.example/y", null, "r.example/x:v1")]
    [InlineData("t.example/y", "pr-1", "t.example/y:pr-1")]
    [InlineData("t.example/y", "sha256:abc", "t.example/y:sha256:abc")]
    public void A_test_image_is_used_only_if_operator_and_owner_both_ask_for_it(string? testRepository, string? tag, string reference)
    {
        var vector = ImageVectorFile.Read("images: [{name: runtime-gvisor-installation, repository: r.example/x}]", "test", TimeProvider.System);

        new InstallationImage(vector, "v1", testRepository).For(new() { TestImageTag = tag }).Should().Be(reference);
    }

    [Theory]
    [InlineData(null, "r.example/amd:v1")]
    [InlineData("amd64", "r.example/amd:v1")]
    [InlineData("arm64", "r.example/arm:v1")]
    public void Entries_for_single_architectures_are_chosen_by_the_pools_machines(string? architecture, string reference) =>
        new InstallationImage(ByArchitecture("amd64", "arm64"), "v1").For(GVisorConfiguration.Empty, architecture).Should().Be(reference);

    [Fact]
    public void A_pool_of_an_architecture_without_an_entry_is_an_error_that_names_it() =>
        new InstallationImage(ByArchitecture("arm64"), "v1").Invoking(image => image.For(GVisorConfiguration.Empty, "amd64"))
            .Should().Throw<ImageVectorException>().WithMessage("*no image \"runtime-gvisor-installation\"*architecture amd64*");

    private static ImageVector ByArchitecture(params string[] architectures) => ImageVectorFile.Read(
        $"images: [{string.Join(", ", architectures.Select(each => $"{{name: runtime-gvisor-installation, repository: r.example/{each[..3]}, architectures: [{each}]}}"))}]",
        "test",
        TimeProvider.System);

    [Fact]
    public void A_vector_without_the_image_is_an_error_at_once() =>
        FluentActions.Invoking(() => new InstallationImage(new() { Images = [] }, "v1"))
            .Should().Throw<ImageVectorException>().WithMessage("*no image \"runtime-gvisor-installation\"*");
}
