// SPDX-License-Identifier: Apache-2.0

using CsCheck;
using Gardener.Extensions.Images;

namespace Gardener.Extensions.Tests.Images;

public sealed class VersionConstraintTests
{
    public static TheoryData<string, string, string> Constraints() => new()
    {
        // constraint, what it allows, what it does not
        { "1.31.4", "1.31.4 v1.31.4 1.31.4-gke.1 1.31.4+build", "1.31.3 1.31.5" },
        { "= 1.31.4", "1.31.4", "1.31.5" },
        { "1.31", "1.31.0 1.31.9", "1.30.9 1.32.0" },
        { "1.31.x", "1.31.0 1.31.9", "1.32.0" },
        { "1", "1.0.0 1.99.0", "0.9.0 2.0.0" },
        { "*", "0.0.0 1.2.3", "" },
        { "!= 1.31", "1.30.9 1.32.0", "1.31.0 1.31.9" },
        { "> 1.31", "1.32.0", "1.31.0 1.31.9" },
        { "> 1.31.2", "1.31.3", "1.31.2" },
        { ">= 1.31", "1.31.0 2.0.0", "1.30.9" },
        { "=> 1.31", "1.31.0", "1.30.9" },
        { "< 1.31", "1.30.9", "1.31.0" },
        { "<= 1.31", "1.31.9", "1.32.0" },
        { "<= 1.31.2", "1.31.2", "1.31.3" },
        { "~1.31.2", "1.31.2 1.31.9", "1.31.1 1.32.0" },
        { "~> 1.31", "1.31.0 1.31.9", "1.32.0" },
        { "~1", "1.0.0 1.9.0", "2.0.0" },
        { "^1.31.2", "1.31.2 1.99.0", "1.31.1 2.0.0" },
        { "^0.2.3", "0.2.3 0.2.9", "0.3.0" },
        { "^0.0.3", "0.0.3", "0.0.4" },
        { "^0.0", "0.0.0 0.0.9", "0.1.0" },
        { "^0", "0.9.0", "1.0.0" },
        { ">= 1.30, < 1.32", "1.30.0 1.31.9", "1.29.9 1.32.0" },
        { ">=1.30 <1.32", "1.30.0 1.31.9", "1.32.0" },
        { "1.30 - 1.32", "1.30.0 1.32.9", "1.29.0 1.33.0" },
        { "< 1.30 || >= 1.32", "1.29.0 1.32.0", "1.30.0 1.31.0" },
        { ">= 1.31.0-0", "1.31.0 1.31.0-rc.1", "1.30.9" },
    };

    [Theory]
    [MemberData(nameof(Constraints))]
    public void A_constraint_allows_its_versions_and_no_others(string text, string allowed, string others)
    {
        VersionConstraint.TryParse(text, out var constraint).Should().BeTrue();

        Words(allowed).Should().OnlyContain(version => constraint!.Allows(version));
        Words(others).Should().NotContain(version => constraint!.Allows(version));
    }

    [Theory]
    [InlineData("")]
    [InlineData("latest")]
    [InlineData(">")]
    [InlineData(">= 1.31 <")]
    [InlineData("1.2.3.4")]
    [InlineData(">> 1")]
    [InlineData("1.31 ||")]
    [InlineData(">= 1.31,, < 1.32")]
    public void What_is_no_constraint_is_not_parsed(string text) => VersionConstraint.TryParse(text, out _).Should().BeFalse();

    [Theory]
    [InlineData("1.31.4", true)]
    [InlineData("v1.31.4", true)]
    [InlineData("= 1.31", true)]
    [InlineData("1.31", false)]
    [InlineData(">= 1.31.4", false)]
    public void Only_a_complete_version_or_an_equals_sign_is_exact(string text, bool exact)
    {
        VersionConstraint.TryParse(text, out var constraint).Should().BeTrue();

        constraint!.IsExact.Should().Be(exact);
    }

    [Theory]
    [InlineData("")]
    [InlineData("new")]
    [InlineData("1.x.y.z")]
    public void Asking_for_what_is_no_version_is_an_error(string version)
    {
        VersionConstraint.TryParse("*", out var constraint).Should().BeTrue();

        FluentActions.Invoking(() => constraint!.Allows(version)).Should().Throw<FormatException>().WithMessage($"*\"{version}\"*");
    }

    [Fact]
    public void Below_and_from_a_version_on_are_opposites() =>
        Gen.Select(Gen.Int[0, 3].Array[3], Gen.Int[0, 3].Array[3]).Sample((bound, version) =>
        {
            VersionConstraint.TryParse($"< {string.Join('.', bound)}", out var below).Should().BeTrue();
            VersionConstraint.TryParse($">= {string.Join('.', bound)}", out var from).Should().BeTrue();
            return below!.Allows(string.Join('.', version)) != from!.Allows(string.Join('.', version));
        });

    private static string[] Words(string text) => text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
