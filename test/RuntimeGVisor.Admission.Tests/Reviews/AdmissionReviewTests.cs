// SPDX-License-Identifier: Apache-2.0

using System.Text;

namespace RuntimeGVisor.Admission.Tests.Reviews;

public sealed class AdmissionReviewTests
{
    [Theory]
    [InlineData("", "no JSON")]
    [InlineData("{", "no JSON")]
    [InlineData("nonsense", "no JSON")]
    [InlineData("{} {}", "no JSON")]
    [InlineData("null", "apiVersion admission.k8s.io/v1")]
    [InlineData("[]", "apiVersion admission.k8s.io/v1")]
    [InlineData("{}", "apiVersion admission.k8s.io/v1")]
    [InlineData("""{"apiVersion":"admission.k8s.io/v1beta1","kind":"AdmissionReview","request":{"uid":"u"}}""", "apiVersion admission.k8s.io/v1")]
    [InlineData("""{"apiVersion":"admission.k8s.io/v1","kind":"Review","request":{"uid":"u"}}""", "kind AdmissionReview")]
    [InlineData("""{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview"}""", "request.uid")]
    [InlineData("""{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":[]}""", "request.uid")]
    [InlineData("""{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":""}}""", "request.uid")]
    [InlineData("""{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":7}}""", "request.uid")]
    [InlineData("""{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"\ud800"}}""", "uid")]
    public void What_is_no_review_is_refused_with_the_reason(string json, string reason)
    {
        var read = () => Review.Answer(Encoding.UTF8.GetBytes(json));

        read.Should().Throw<FormatException>().WithMessage($"*{reason}*");
    }

    [Fact]
    public void A_review_that_is_no_UTF8_is_refused()
    {
        var json = Review.Of(Review.Shoot()).Bytes();
        json[^100] = 0xb7;

        var read = () => Review.Answer(json);

        read.Should().Throw<FormatException>().WithMessage("*UTF-8*");
    }

    [Theory]
    [InlineData("""{"net-raw":"\ud800"}""")]
    [InlineData("""{"\ud800":"true"}""")]
    public void Half_a_surrogate_pair_that_an_API_server_passes_on_is_rejected(string configFlags)
    {
        var json = Encoding.UTF8.GetString(Review.Of(Review.Shoot("\"FLAGS\""), Review.Shoot()).Bytes())
            .Replace("\"FLAGS\"", configFlags, StringComparison.Ordinal);

        Review.Answer(Encoding.UTF8.GetBytes(json)).Rejection.Should().NotBeNull();
    }

    [Fact]
    public void A_review_without_the_object_that_it_is_about_is_refused()
    {
        var answer = () => Review.Of(shoot: null).Answer();

        answer.Should().Throw<FormatException>().WithMessage("request.object: *CREATE*");
    }

    [Fact]
    public void A_review_that_is_deeper_than_API_servers_take_objects_is_refused()
    {
        var json = $$"""{"apiVersion":"admission.k8s.io/v1","request":{{new string('[', 20_000)}}{{new string(']', 20_000)}}}""";

        var read = () => Review.Answer(Encoding.UTF8.GetBytes(json));

        read.Should().Throw<FormatException>().WithMessage("*at most 10002 levels*");
    }
}
