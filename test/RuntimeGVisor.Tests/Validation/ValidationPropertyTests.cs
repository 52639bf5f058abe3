// SPDX-License-Identifier: Apache-2.0

using System.Text.Json;
using CsCheck;
using RuntimeGVisor.NodeConfiguration;
using RuntimeGVisor.Validation;

namespace RuntimeGVisor.Tests.Validation;

public sealed class ValidationPropertyTests
{
    private static readonly Gen<string> Names = Gen.OneOf(
        Gen.OneOf([.. RunscFlags.All.Select(flag => flag.Name)]), Gen.OneOf("netraw", "network", "debug-log", ""), Gen.String);

    private static readonly Gen<string> Values = Gen.OneOf(
        Gen.OneOf("true", "false", "-1", "1024", "kvm", "systrap", "none", "root:memory", "json", "openat,connect", "latest", "all", "check"), Gen.String);

    private static readonly Gen<FlagPolicy> Policies = Gen.Dictionary(
        Gen.OneOf([.. RunscFlags.All.Where(flag => flag.SetBy == RunscFlagSetter.Owner).Select(flag => flag.Name)]),
        Gen.Enum<FlagRule>())[0, 10].Select(rules => FlagPolicy.Default with { Flags = FlagPolicy.Default.Flags.AddRange(rules) });

    [Fact]
    public void Validation_and_controller_never_disagree_about_flags() =>
        Gen.Select(Gen.Dictionary(Names, Values)[0, 6], Policies).Sample((flags, policy) =>
        {
            using var buffer = new MemoryStream();
            using (var json = new Utf8JsonWriter(buffer))
            {
                json.WriteStartObject();
                json.WriteStartObject("configFlags");
                foreach (var (name, value) in flags)
                {
                    json.WriteString(name, value);
                }

                json.WriteEndObject();
                json.WriteEndObject();
            }

            ValidationProperties.Check(JsonElement.Parse(buffer.ToArray()), policy);
        });
}
