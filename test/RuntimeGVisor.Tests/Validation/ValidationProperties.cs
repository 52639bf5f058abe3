// SPDX-License-Identifier: Apache-2.0

using System.Text.Json;
using RuntimeGVisor.NodeConfiguration;
using RuntimeGVisor.ProviderConfiguration;
using RuntimeGVisor.Shoot;
using RuntimeGVisor.Validation;

namespace RuntimeGVisor.Tests.Validation;

/// <summary>What must hold for every providerConfig, however it came about: the validation and the controller never disagree.</summary>
internal static class ValidationProperties
{
    /// <summary>Checks one providerConfig.</summary>
    /// <returns>What was found, without values: inputs with the same outcome went the same way.</returns>
    public static string Check(JsonElement providerConfig, FlagPolicy policy)
    {
        var findings = ProviderConfigValidator.Validate(providerConfig, "spec.providerConfig", policy);
        findings.All(finding => finding.ToString().All(character => character is >= ' ' and <= '~')).Should().BeTrue("a message is one printable line");

        var isRefused = findings.Any(finding => finding.Severity == Severity.Error);
        if (Decode(providerConfig) is not { } configuration)
        {
            isRefused.Should().BeTrue("the controller cannot decode it");
            return Outcome(findings);
        }

        var selection = policy.Select(configuration.ConfigFlags);
        if (!isRefused)
        {
            selection.Ignored.Should().BeEmpty("what is accepted is applied");
            var applied = selection.Lines.ToDictionary(line => line.Name, line => line.Value, StringComparer.Ordinal);
            configuration.ConfigFlags.All(flag => applied.GetValueOrDefault(flag.Key, RunscFlags.Find(flag.Key)!.WritesNothingFor!) == flag.Value)
                .Should().BeTrue("every flag is applied with its value");
        }

        selection.Lines.All(line => IsSettable(line, policy) || line.Name == "debug-log").Should().BeTrue("nothing else may reach a node");
        ShootObjects.ForWorkerPool(new WorkerPoolInput
        {
            PoolName = "pool",
            BinaryPath = "/var/bin/containerruntimes",
            Image = "installer",
            RunscFlags = selection.Lines,
        }).ToYaml().Should().NotBeEmpty();
        return Outcome(findings);
    }

    private static GVisorConfiguration? Decode(JsonElement providerConfig)
    {
        try
        {
            return GVisorConfigurationDecoder.Decode(providerConfig);
        }
        catch (ProviderConfigurationException)
        {
            return null;
        }
    }

    private static bool IsSettable(RunscFlagValue line, FlagPolicy policy) =>
        RunscFlags.Find(line.Name) is { SetBy: RunscFlagSetter.Owner } flag
        && flag.Accepts(line.Value)
        && policy.RuleOf(flag, line.Value) != FlagRule.Deny;

    private static string Outcome(IEnumerable<Finding> findings) => string.Join('|', findings
        .Select(finding => $"{finding.Severity} {finding.Path.Split('[')[0]} {finding.Message.Split(" is not allowed: ")[^1]}").Distinct().Order(StringComparer.Ordinal));
}
