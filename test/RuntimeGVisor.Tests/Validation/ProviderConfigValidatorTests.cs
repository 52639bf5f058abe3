// SPDX-License-Identifier: Apache-2.0

using System.Text.Json;
using RuntimeGVisor.Validation;

namespace RuntimeGVisor.Tests.Validation;

public sealed class ProviderConfigValidatorTests
{
    private const string Exactly = "exactly gvisor.runtime.extensions.config.gardener.cloud/v1alpha1";

    /// <summary>Every kind of error: the object, the path and the words of its only finding.</summary>
    public static TheoryData<string, string, string> Errors() => new()
    {
        { "[]", "", "[] is not allowed: an object" },
        { "\"debug\"", "", "\"debug\" is not allowed: an object" },
        { """{"configflags":{}}""", ".configflags", "there is no such field; did you mean configFlags?" },
        { """{"ConfigFlags":{}}""", ".ConfigFlags", "there is no such field; did you mean configFlags?" },
        { """{"flags":{}}""", ".flags", "there is no such field; one of apiVersion, configFlags, kind, testImageTag" },
        { """{"kind":"GVisorConfiguration","kind":"GVisorConfiguration"}""", ".kind", "\"GVisorConfiguration\" is not allowed: each field once" },
        { """{"apiVersion":"some.group/v1"}""", ".apiVersion", $"\"some.group/v1\" is not allowed: {Exactly}" },
        { """{"apiVersion":"gvisor.runtime.extensions.config.gardener.cloud/v1"}""", ".apiVersion", $"\"gvisor.runtime.extensions.config.gardener.cloud/v1\" is not allowed: {Exactly}" },
        { """{"apiVersion":1}""", ".apiVersion", "1 is not allowed: a string" },
        { """{"kind":"gVisorConfiguration"}""", ".kind", "\"gVisorConfiguration\" is not allowed: exactly GVisorConfiguration" },
        { """{"configFlags":["debug"]}""", ".configFlags", "[\"debug\"] is not allowed: an object with a string for each name" },
        { """{"configFlags":{"net-raw":true}}""", ".configFlags[net-raw]", "true is not allowed: a string, such as \"true\"" },
        { """{"configFlags":{"panic-signal":12}}""", ".configFlags[panic-signal]", "12 is not allowed: a string, such as \"12\"" },
        { """{"configFlags":{"net-raw":null}}""", ".configFlags[net-raw]", "null is not allowed: a string, such as \"true\"" },
        { """{"configFlags":{"debug":"true","debug":"false"}}""", ".configFlags[debug]", "\"false\" is not allowed: each name once" },
        { """{"configFlags":{"netraw":"true"}}""", ".configFlags[netraw]", "there is no such flag to set; did you mean net-raw?" },
        { """{"configFlags":{"Net-Raw":"true"}}""", ".configFlags[Net-Raw]", "there is no such flag to set; did you mean net-raw?" },
        { """{"configFlags":{"log-format":"json"}}""", ".configFlags[log-format]", "there is no such flag to set; the flags are " },
        { """{"configFlags":{"systemd-cgroup":"true"}}""", ".configFlags[systemd-cgroup]", "systemd-cgroup is set by the node installer" },
        { """{"configFlags":{"debug-log":"/etc/x"}}""", ".configFlags[debug-log]", "debug-log is set by the extension" },
        { """{"configFlags":{"a\nb":"true"}}""", """.configFlags["a\u000ab"]""", "there is no such flag to set" },
        { """{"configFlags":{"\ud800":"true"}}""", """.configFlags["\ufffd"]""", "there is no such flag to set" },
        { """{"configFlags":{"net-raw":"yes"}}""", ".configFlags[net-raw]", "\"yes\" is not allowed: net-raw takes \"true\" or \"false\"" },
        { """{"configFlags":{"net-raw":"True"}}""", ".configFlags[net-raw]", "\"True\" is not allowed: net-raw takes \"true\" or \"false\"" },
        { """{"configFlags":{"dcache":"5"}}""", ".configFlags[dcache]", "\"5\" is not allowed: dcache takes -1 or a number from 1024 to 1048576" },
        { """{"configFlags":{"platform":"kvm"}}""", ".configFlags[platform]", "\"kvm\" is not allowed: the operator's policy denies platform" },
        { """{"testImageTag":"pr-1"}""", ".testImageTag", "\"pr-1\" is not allowed: the operator's policy denies testImageTag" },
        { """{"testImageTag":5}""", ".testImageTag", "5 is not allowed: a string" },
    };

    [Theory]
    [MemberData(nameof(Errors))]
    public void A_mistake_is_one_error_with_its_path_its_value_and_what_is_allowed(string json, string path, string message)
    {
        var finding = Validate(json).Should().ContainSingle().Which;

        finding.Severity.Should().Be(Severity.Error);
        finding.Path.Should().Be($"spec.providerConfig{path}");
        finding.Message.Should().StartWith(message);
    }

    [Theory]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("""{"apiVersion":"","kind":"","testImageTag":""}""")]
    [InlineData("""{"apiVersion":null,"kind":null,"configFlags":null,"testImageTag":null}""")]
    [InlineData("""{"apiVersion":"gvisor.runtime.extensions.config.gardener.cloud/v1alpha1","kind":"GVisorConfiguration"}""")]
    [InlineData("""{"configFlags":{"net-raw":"true","debug":"true","nvproxy":"true","panic-signal":"-1"}}""")]
    [InlineData("""{"configFlags":{"debug":"false","nvproxy":"false","oci-seccomp":"false"}}""")]
    [InlineData("""{"configFlags":{"platform":"systrap","systrap-disable-fast-path":"true"}}""")]
    [InlineData("""{"configFlags":{"debug":"true","strace":"true","strace-syscalls":"openat,connect"}}""")]
    public void What_has_no_flaw_has_no_finding(string json) => Validate(json).Should().BeEmpty();

    [Theory]
    [InlineData("""{"apiVersion":"gvisor.os.extensions.gardener.cloud/v1alpha1"}""", ".apiVersion", "is an alias of gvisor.runtime.extensions.config.gardener.cloud/v1alpha1")]
    [InlineData("""{"configFlags":{"strace":"true"}}""", ".configFlags[strace]", "strace has no effect unless debug is \"true\"")]
    [InlineData("""{"configFlags":{"debug":"false","debug-command":"boot"}}""", ".configFlags[debug-command]", "debug-command has no effect unless debug is \"true\"")]
    [InlineData("""{"configFlags":{"kvm-use-cpu-nums":"true"}}""", ".configFlags[kvm-use-cpu-nums]", "kvm-use-cpu-nums has no effect unless platform is \"kvm\"")]
    public void What_works_and_is_not_meant_so_is_a_warning(string json, string path, string message)
    {
        var finding = Validate(json).Should().ContainSingle().Which;

        finding.Severity.Should().Be(Severity.Warning);
        finding.Path.Should().Be($"spec.providerConfig{path}");
        finding.Message.Should().Contain(message);
    }

    [Fact]
    public void Flags_of_one_platform_contradict_the_other()
    {
        var policy = FlagPolicy.Default with { Flags = FlagPolicy.Default.Flags.Add("platform", FlagRule.Allow) };

        Validate("""{"configFlags":{"platform":"kvm","systrap-disable-fast-path":"true"}}""", policy).Should().ContainSingle()
            .Which.Message.Should().Be("systrap-disable-fast-path has no effect unless platform is \"systrap\"");
    }

    [Fact]
    public void All_mistakes_are_told_at_once() =>
        Validate("""{"kind":"X","configFlags":{"a-flag":"1","net-raw":"2","debug":3},"more":1,"testImageTag":"/"}""").Select(finding => finding.Path)
            .Should().BeEquivalentTo(
                "spec.providerConfig.kind",
                "spec.providerConfig.configFlags[a-flag]",
                "spec.providerConfig.configFlags[net-raw]",
                "spec.providerConfig.configFlags[debug]",
                "spec.providerConfig.more",
                "spec.providerConfig.testImageTag",
                "spec.providerConfig.testImageTag");

    [Fact]
    public void A_configuration_in_a_document_of_its_own_has_short_paths() =>
        ProviderConfigValidator.Validate(JsonElement.Parse("""{"configFlags":{"netraw":""}}"""), "", FlagPolicy.Default)
            .Should().ContainSingle().Which.Path.Should().Be("configFlags[netraw]");

    [Theory]
    [InlineData(65, "65 flags are not allowed: at most 64")]
    [InlineData(10_000, "bytes are not allowed: at most 65536")]
    public void What_is_too_much_is_not_looked_at(int flags, string message)
    {
        var json = $$"""{"configFlags":{ {{string.Join(',', Enumerable.Range(0, flags).Select(number => $"\"flag-{number}\":\"true\""))}} } }""";

        Validate(json).Should().ContainSingle().Which.Message.Should().Contain(message);
    }

    [Theory]
    [InlineData(FlagRule.Allow, "net-raw", "true")]
    [InlineData(FlagRule.Warn, "net-raw", "true", "Warning: the operator's policy advises against net-raw")]
    [InlineData(FlagRule.Deny, "net-raw", "true", "Error: \"true\" is not allowed: the operator's policy denies net-raw")]
    [InlineData(FlagRule.Deny, "net-raw", "false")]
    public void The_operators_rule_decides_about_a_flag_that_is_not_at_its_default(FlagRule rule, string name, string value, params string[] expected)
    {
        var policy = FlagPolicy.Default with { Flags = FlagPolicy.Default.Flags.Add(name, rule) };

        Validate($$"""{"configFlags":{"{{name}}":"{{value}}"} }""", policy).Select(finding => $"{finding.Severity}: {finding.Message}").Should().Equal(expected);
    }

    [Theory]
    [InlineData(FlagRule.Allow, "pr-1")]
    [InlineData(FlagRule.Warn, "pr-1", "the operator's policy advises against testImageTag")]
    [InlineData(FlagRule.Allow, "a/b", "\"a/b\" is not allowed: a tag of an image: letters, digits, '_', '.' and '-', 128 at most")]
    public void A_test_image_is_for_the_operator_to_allow(FlagRule rule, string tag, params string[] expected) =>
        Validate($$"""{"testImageTag":"{{tag}}"}""", FlagPolicy.Default with { TestImageTag = rule }).Select(finding => finding.Message).Should().Equal(expected);

    private static IReadOnlyList<Finding> Validate(string json, FlagPolicy? policy = null) =>
        ProviderConfigValidator.Validate(JsonElement.Parse(json), "spec.providerConfig", policy ?? FlagPolicy.Default);
}
