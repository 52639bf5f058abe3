// SPDX-License-Identifier: Apache-2.0

using System.Text.Json.Nodes;

namespace RuntimeGVisor.Admission.Tests.Reviews;

public sealed class ShootReviewerTests
{
    private const string ProviderConfig = "spec.provider.workers[1].cri.containerRuntimes[0].providerConfig";

    private static JsonObject Wrong => Review.Shoot("""{"net-rwa":"true","debug":"perhaps"}""");

    [Fact]
    public void A_right_shoot_is_allowed_without_a_word()
    {
        var answer = Review.Of(Review.Shoot()).Answer();

        answer.Rejection.Should().BeNull();
        answer.Warnings.Should().BeEmpty();
    }

    [Fact]
    public void A_rejection_has_every_error_with_its_path_on_a_line_of_its_own()
    {
        var answer = Review.Of(Wrong).Answer();

        var lines = answer.Rejection!.Split('\n');
        lines.Should().HaveCount(2);
        lines.Should().ContainSingle(line => line.StartsWith($"{ProviderConfig}.configFlags[net-rwa]: ", StringComparison.Ordinal)).Which.Should().Contain("net-raw");
        lines.Should().ContainSingle(line => line.StartsWith($"{ProviderConfig}.configFlags[debug]: ", StringComparison.Ordinal)).Which.Should().Contain("perhaps");
    }

    [Fact]
    public void What_is_only_doubtful_is_allowed_with_a_warning()
    {
        var shoot = Review.Shoot();
        var config = shoot["spec"]!["provider"]!["workers"]![1]!["cri"]!["containerRuntimes"]![0]!["providerConfig"]!;
        config["apiVersion"] = "gvisor.os.extensions.gardener.cloud/v1alpha1";

        var answer = Review.Of(shoot).Answer();

        answer.Rejection.Should().BeNull();
        answer.Warnings.Should().ContainSingle().Which.Should().StartWith($"{ProviderConfig}.apiVersion: ");
    }

    [Fact]
    public void A_shoot_without_the_label_is_allowed_unseen()
    {
        var shoot = Wrong;
        shoot["metadata"]!["labels"]!.AsObject().Remove(Review.Label);

        Review.Of(shoot).Answer().Rejection.Should().BeNull();
    }

    [Theory]
    [InlineData("false")]
    [InlineData("True")]
    [InlineData("")]
    public void Only_the_value_true_is_the_label(string value)
    {
        var shoot = Wrong;
        shoot["metadata"]!["labels"]![Review.Label] = value;

        Review.Of(shoot).Answer().Rejection.Should().BeNull();
    }

    [Fact]
    public void A_shoot_that_is_being_deleted_is_allowed()
    {
        var shoot = Wrong;
        shoot["metadata"]!["deletionTimestamp"] = "2026-11-28T12:00:00Z";

        Review.Of(shoot, Review.Shoot()).Answer().Rejection.Should().BeNull();
    }

    [Fact]
    public void What_was_wrong_before_does_not_stand_in_the_way_of_another_change()
    {
        var changed = Wrong;
        changed["metadata"]!["annotations"] = new JsonObject { ["gardener.cloud/operation"] = "reconcile" };

        Review.Of(changed, Wrong).Answer().Rejection.Should().BeNull();
    }

    [Fact]
    public void A_change_from_right_to_wrong_is_rejected() => Review.Of(Wrong, Review.Shoot()).Answer().Rejection.Should().NotBeNull();

    [Fact]
    public void A_change_from_wrong_to_wrong_in_another_way_is_rejected() =>
        Review.Of(Wrong, Review.Shoot("""{"net-rwa":"false"}""")).Answer().Rejection.Should().NotBeNull();

    [Theory]
    [InlineData("operation", "DELETE")]
    [InlineData("operation", "CONNECT")]
    [InlineData("subResource", "status")]
    public void Other_requests_are_allowed(string field, string value)
    {
        var review = Review.Of(Wrong);
        review["request"]![field] = value;

        review.Answer().Rejection.Should().BeNull();
    }

    [Theory]
    [InlineData("group", "extensions.gardener.cloud")]
    [InlineData("version", "v1alpha1")]
    [InlineData("kind", "Seed")]
    public void Objects_of_another_kind_are_allowed(string field, string value)
    {
        var review = Review.Of(Wrong);
        review["request"]!["kind"]![field] = value;

        review.Answer().Rejection.Should().BeNull();
    }

    [Fact]
    public void A_nesting_as_deep_as_API_servers_take_it_is_judged()
    {
        const int Depth = 9_900;
        var shoot = Review.Shoot(string.Concat(Enumerable.Repeat("""{"a":""", 50)) + "1" + new string('}', 50));
        Review.Of(shoot).Answer().Rejection.Should().NotBeNull();

        // JsonNode writes no deeper ones.
        var deep = System.Text.Encoding.UTF8.GetString(Review.Of(Review.Shoot("\"DEEP\"")).Bytes())
            .Replace("\"DEEP\"", string.Concat(Enumerable.Repeat("[", Depth)) + new string(']', Depth), StringComparison.Ordinal);
        Review.Answer(System.Text.Encoding.UTF8.GetBytes(deep)).Rejection.Should().NotBeNull();
    }

    [Fact]
    public void The_answer_repeats_the_question_and_has_what_API_servers_show()
    {
        var rejected = Review.Of(Wrong).Answer().Written("uid-1");
        rejected.GetProperty("apiVersion").GetString().Should().Be("admission.k8s.io/v1");
        rejected.GetProperty("kind").GetString().Should().Be("AdmissionReview");
        var response = rejected.GetProperty("response");
        response.GetProperty("uid").GetString().Should().Be("uid-1");
        response.GetProperty("allowed").GetBoolean().Should().BeFalse();
        response.GetProperty("status").GetProperty("code").GetInt32().Should().Be(422);
        response.GetProperty("status").GetProperty("message").GetString().Should().Contain(ProviderConfig);

        var allowed = Review.Of(Review.Shoot()).Answer().Written().GetProperty("response");
        allowed.EnumerateObject().Select(field => field.Name).Should().Equal("uid", "allowed");
    }
}
