// SPDX-License-Identifier: Apache-2.0

using System.Collections.Immutable;
using Gardener.Extensions.Api;

namespace Gardener.Extensions.Tests.Api;

public sealed class LastErrorTests
{
    private static readonly LastError Error = new()
    {
        Description = "Error: x",
        Codes = [ErrorCode.ConfigurationProblem],
        LastUpdateTime = new(2026, 5, 4, 10, 0, 0, TimeSpan.Zero),
    };

    [Fact]
    public void Equal_codes_in_different_arrays_are_equal()
    {
        var same = Error with { Codes = [new string(ErrorCode.ConfigurationProblem.AsSpan())] };

        same.Should().Be(Error);
        same.GetHashCode().Should().Be(Error.GetHashCode());
    }

    [Fact]
    public void No_codes_and_an_empty_list_of_codes_are_equal() => (Error with { Codes = null }).Should().Be(Error with { Codes = [] });

    public static TheoryData<LastError> Others() => new()
    {
        Error with { Description = "Error: y" },
        Error with { Codes = null },
        Error with { Codes = ["ERR_PROBLEMATIC_WEBHOOK"] },
        Error with { Codes = [ErrorCode.ConfigurationProblem, "ERR_PROBLEMATIC_WEBHOOK"] },
        Error with { LastUpdateTime = null },
    };

    [Theory]
    [MemberData(nameof(Others))]
    public void Any_other_difference_counts(LastError other) => other.Should().NotBe(Error);

    [Fact]
    public void A_status_with_equal_contents_is_equal() =>
        new ExtensionStatus { LastError = Error }.Should().Be(new ExtensionStatus { LastError = Error with { Codes = ImmutableArray.Create(ErrorCode.ConfigurationProblem) } });
}
