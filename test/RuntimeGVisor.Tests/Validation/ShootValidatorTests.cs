// SPDX-License-Identifier: Apache-2.0

using System.Text.Json;
using RuntimeGVisor.Validation;

namespace RuntimeGVisor.Tests.Validation;

public sealed class ShootValidatorTests
{
    private const string Wrong = """{"configFlags":{"netraw":"true"}}""";
    private const string Right = """{"configFlags":{"net-raw":"true"}}""";

    [Fact]
    public void A_finding_names_worker_pool_and_runtime_by_their_place()
    {
        var shoot = $$$"""
            {"spec":{"provider":{"workers":[
              {"name":"a"},
              {"name":"b","cri":{"containerRuntimes":[{"type":"kata","providerConfig":{{{Wrong}}}},{"type":"gvisor","providerConfig":{{{Wrong}}}}]}}
            ] } } }
            """;

        Validate(shoot).Should().ContainSingle().Which.Path
            .Should().Be("spec.provider.workers[1].cri.containerRuntimes[1].providerConfig.configFlags[netraw]");
    }

    [Fact]
    public void Every_worker_pool_is_judged() => Validate(Shoot(("a", Wrong), ("b", Right), ("c", Wrong))).Should().HaveCount(2);

    [Fact]
    public void What_a_pool_had_before_is_not_judged() => Validate(Shoot(("a", Wrong)), Shoot(("a", Wrong))).Should().BeEmpty();

    [Fact]
    public void The_order_of_fields_and_of_pools_is_no_change() =>
        Validate(
            Shoot(("b", Right), ("a", """{"kind":"X","testImageTag":"x"}""")),
            Shoot(("a", """{"testImageTag":"x","kind":"X"}"""), ("b", Right))).Should().HaveCount(0);

    [Theory]
    [InlineData("a", Right)]
    [InlineData("other", Wrong)]
    [InlineData("a", "null")]
    public void A_pool_that_is_new_or_changed_is_judged(string oldName, string oldConfig) =>
        Validate(Shoot(("a", Wrong)), Shoot((oldName, oldConfig))).Should().ContainSingle();

    [Fact]
    public void One_pool_that_is_unchanged_does_not_vouch_for_another() =>
        Validate(Shoot(("a", Wrong), ("b", Wrong)), Shoot(("a", Wrong))).Should().ContainSingle().Which.Path.Should().Contain("workers[1]");

    [Fact]
    public void A_Shoot_that_is_being_deleted_is_not_judged() =>
        Validate(Shoot(("a", Wrong)).Replace("\"spec\"", "\"metadata\":{\"deletionTimestamp\":\"2026-01-01T00:00:00Z\"},\"spec\"", StringComparison.Ordinal))
            .Should().BeEmpty();

    [Theory]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"metadata":5,"spec":[]}""")]
    [InlineData("""{"spec":{"provider":{"workers":{}}}}""")]
    [InlineData("""{"spec":{"provider":{"workers":[null,5,{"cri":1},{"cri":{"containerRuntimes":[null,{"type":5,"providerConfig":{}}]}}]}}}""")]
    public void What_is_malformed_elsewhere_is_left_to_the_API_server(string shoot) => Validate(shoot).Should().BeEmpty();

    [Theory]
    [InlineData("""{"\ud800spec":1}""")]
    [InlineData("""{"spec":{"provider":{"workers":[{"cri":{"containerRuntimes":[{"type":"gvisor\ud800","providerConfig":{}}]}}]}}}""")]
    public void Text_that_is_no_Unicode_is_an_error_and_no_crash(string shoot) => Validate(shoot).Should().Equal(Finding.OfBrokenText);

    [Fact]
    public void No_Shoot_makes_more_than_a_hundred_findings() =>
        Validate(Shoot([.. Enumerable.Range(0, 500).Select(number => ($"pool-{number}", Wrong))])).Should().HaveCount(ShootValidator.MaxFindings);

    [Fact]
    public void Any_number_of_warnings_hides_no_error()
    {
        const string Warned = """{"apiVersion":"gvisor.os.extensions.gardener.cloud/v1alpha1"}""";

        var findings = Validate(Shoot([.. Enumerable.Range(0, 500).Select(number => ($"pool-{number}", Warned)), ("last", Wrong)]));

        findings.Should().ContainSingle(finding => finding.Severity == Severity.Error).Which.Path.Should().Contain("workers[500]");
        findings.Should().HaveCount(ShootValidator.MaxFindings + 1);
    }

    [Theory]
    [MemberData(nameof(Incomparable))]
    public void What_nobody_can_compare_stays_as_it_is_and_is_refused_when_it_changes(string providerConfig)
    {
        Validate(Shoot(("a", providerConfig)), Shoot(("a", providerConfig))).Should().BeEmpty();
        Validate(Shoot(("a", providerConfig)), Shoot(("a", $" {providerConfig[..^1]},\"more\":1}}"))).Should().NotBeEmpty();
    }

    public static TheoryData<string> Incomparable() =>
    [
        $$"""{"deep":{{new string('[', 9_900)}}{{new string(']', 9_900)}}}""",
        """{"number":1e99999999999}""",
        """{"text":"\ud800"}""",
    ];

    private static string Shoot(params (string Name, string ProviderConfig)[] pools)
    {
        var workers = pools.Select(pool =>
            $$$"""{"name":"{{{pool.Name}}}","cri":{"containerRuntimes":[{"type":"gvisor","providerConfig":{{{pool.ProviderConfig}}}}]}}""");
        return $$$"""{"spec":{"provider":{"workers":[{{{string.Join(',', workers)}}}] } } }""";
    }

    private static IReadOnlyList<Finding> Validate(string shoot, string? oldShoot = null) =>
        ShootValidator.Validate(Parse(shoot), oldShoot is null ? null : Parse(oldShoot), FlagPolicy.Default);

    private static JsonElement Parse(string json) => JsonElement.Parse(json, new JsonDocumentOptions { MaxDepth = 10_002 });
}
