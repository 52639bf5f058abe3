// SPDX-License-Identifier: Apache-2.0

using Gardener.Extensions.Api;
using Gardener.Extensions.Operations;

namespace Gardener.Extensions.Tests.Operations;

public sealed class CodedExceptionTests
{
    private static readonly CodedException Coded = new("wrong flag", [ErrorCode.ConfigurationProblem]);

    public static TheoryData<Exception> Chains() => new()
    {
        Coded,
        new InvalidOperationException("could not render", Coded),
        new InvalidOperationException("a", new InvalidOperationException("b", Coded)),
        new AggregateException(new InvalidOperationException("other"), new InvalidOperationException("a", Coded)),
        new InvalidOperationException("a", new AggregateException(new TimeoutException(), Coded)),
    };

    [Theory]
    [MemberData(nameof(Chains))]
    public void The_coded_exception_is_found_in_a_chain_of_causes(Exception cause) => CodedException.FindIn(cause).Should().BeSameAs(Coded);

    [Fact]
    public void Other_errors_have_none()
    {
        CodedException.FindIn(null).Should().BeNull();
        CodedException.FindIn(new AggregateException(new InvalidOperationException("a", new TimeoutException()))).Should().BeNull();
    }
}
