// SPDX-License-Identifier: Apache-2.0

using RuntimeGVisor.NodeConfiguration;
using RuntimeGVisor.Validation;

namespace RuntimeGVisor.Tests.Validation;

public sealed class FlagPolicyTests
{
    private const string Head = "apiVersion: gvisor.runtime.extensions.config.gardener.cloud/v1alpha1\nkind: FlagPolicy\n";

    [Fact]
    public void By_default_only_what_opens_the_node_and_was_never_taken_is_denied() =>
        RunscFlags.All.Where(flag => flag.SetBy == RunscFlagSetter.Owner && FlagPolicy.Default.RuleOf(flag) != FlagRule.Allow).Select(flag => flag.Name)
            .Should().BeEquivalentTo("nvproxy-allowed-driver-capabilities", "nvproxy-driver-version", "platform");

    [Theory]
    [InlineData("debug")]
    [InlineData("net-raw")]
    [InlineData("nvproxy")]
    [InlineData("panic-signal")]
    public void By_default_what_the_Go_extension_takes_is_allowed(string name) =>
        FlagPolicy.Default.RuleOf(RunscFlags.Find(name)!).Should().Be(FlagRule.Allow);

    [Fact]
    public void A_file_changes_the_rules_that_it_names()
    {
        var policy = FlagPolicy.Read($"{Head}flags:\n  nvproxy: deny\n  debug: warn\n  platform: allow\ntestImageTag: allow\n");

        policy.RuleOf(RunscFlags.Find("nvproxy")!).Should().Be(FlagRule.Deny);
        policy.RuleOf(RunscFlags.Find("debug")!).Should().Be(FlagRule.Warn);
        policy.RuleOf(RunscFlags.Find("platform")!).Should().Be(FlagRule.Allow);
        policy.RuleOf(RunscFlags.Find("net-raw")!).Should().Be(FlagRule.Allow);
        policy.TestImageTag.Should().Be(FlagRule.Allow);
    }

    [Theory]
    [InlineData("")]
    [InlineData("flags: {}\n")]
    public void A_file_without_rules_is_the_default(string rest) => FlagPolicy.Read($"{Head}{rest}").Should().BeEquivalentTo(FlagPolicy.Default);

    [Theory]
    [InlineData("kind: FlagPolicy", "apiVersion: is missing")]
    [InlineData("apiVersion: v1\nkind: Policy", "apiVersion: \"v1\" is not allowed: exactly gvisor.runtime.extensions.config.gardener.cloud/v1alpha1", "kind: \"Policy\" is not allowed: exactly FlagPolicy")]
    [InlineData($"{Head}flags: {{netraw: deny}}", "flags[netraw]: there is no such flag to set; did you mean net-raw?")]
    [InlineData($"{Head}flags: {{systemd-cgroup: allow}}", "flags[systemd-cgroup]: systemd-cgroup is set by the node installer")]
    [InlineData($"{Head}flags: {{net-raw: forbid}}", "flags[net-raw]: \"forbid\" is not allowed: one of allow, warn, deny")]
    [InlineData($"{Head}flags: {{net-raw: false}}", "flags[net-raw]: false is not allowed: a string")]
    [InlineData($"{Head}flags: [net-raw]", "flags: [\"net-raw\"] is not allowed: an object")]
    [InlineData($"{Head}testImageTag: maybe", "testImageTag: \"maybe\" is not allowed: one of allow, warn, deny")]
    [InlineData($"{Head}flag: {{}}", "flag: there is no such field; did you mean flags?")]
    [InlineData($"{Head}flags: {{net-raw: deny, net-raw: allow}}", "must be YAML or JSON: line 3")]
    [InlineData("", "must be one document; there are 0")]
    [InlineData($"{Head}---\n{Head}", "must be one document; there are 2")]
    [InlineData("{", "must be YAML or JSON: line")]
    public void A_wrong_file_is_refused_with_everything_that_is_wrong_with_it(string text, params string[] errors) =>
        FluentActions.Invoking(() => FlagPolicy.Read(text)).Should().Throw<FlagPolicyException>().Which.Message.Should().ContainAll(errors);

    [Theory]
    [InlineData(80)]
    [InlineData(99)]
    [InlineData(5_000)]
    public void A_file_that_is_nested_however_deep_is_refused_like_any_other(int depth) =>
        FluentActions.Invoking(() => FlagPolicy.Read($"{Head}flags: {new string('[', depth)}{new string(']', depth)}")).Should().Throw<FlagPolicyException>();

    [Fact]
    public void A_denied_flag_is_ignored_like_one_that_does_not_exist()
    {
        var policy = FlagPolicy.Read($"{Head}flags: {{debug: deny}}");

        var selection = policy.Select([new("a-flag", "1"), new("debug", "true"), new("net-raw", "true")]);

        selection.Lines.Should().Equal(new RunscFlagValue("net-raw", "true"));
        selection.Ignored.Select(flag => flag.Name).Should().Equal("a-flag", "debug");
        selection.Ignored[1].Reason.Should().Be("the operator's policy denies debug");
    }

    [Fact]
    public void A_flag_at_its_default_needs_nobodys_leave() =>
        FlagPolicy.Default.Select([new("platform", "systrap")]).Lines.Should().Equal(new RunscFlagValue("platform", "systrap"));
}
