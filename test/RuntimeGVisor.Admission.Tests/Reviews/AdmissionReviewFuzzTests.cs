// SPDX-License-Identifier: Apache-2.0

using Testing.Fuzzing;

namespace RuntimeGVisor.Admission.Tests.Reviews;

/// <summary>Reviews that were changed at random: whatever arrives, the answer is one, or the review is refused as none.</summary>
public sealed class AdmissionReviewFuzzTests
{
    [Fact]
    public void Whatever_arrives_is_answered_or_refused() => Fuzzer.Run("admissionReview", input =>
    {
        try
        {
            var response = Review.Answer(input).Written().GetProperty("response");
            response.GetProperty("uid").GetString().Should().Be("u");
            return response.GetProperty("allowed").GetBoolean() ? "allowed" : response.GetProperty("status").GetProperty("message").GetString()!;
        }
        catch (FormatException exception)
        {
            return exception.Message;
        }
    });
}
