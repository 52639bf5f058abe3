// SPDX-License-Identifier: Apache-2.0

using System.Text.Json;
using RuntimeGVisor.Validation;
using Testing.Fuzzing;

namespace RuntimeGVisor.Tests.Validation;

public sealed class ProviderConfigFuzzTests
{
    private static readonly FlagPolicy Strict = FlagPolicy.Default with
    {
        Flags = FlagPolicy.Default.Flags.Add("debug", FlagRule.Deny).Add("net-raw", FlagRule.Warn),
    };

    /// <summary>Validation and controller agree about every corpus file and whatever mutations make of them.</summary>
    [Fact]
    public void No_bytes_make_validation_and_controller_disagree() => Fuzzer.Run("providerConfig", input =>
    {
        try
        {
            using var document = JsonDocument.Parse(input);
            return ValidationProperties.Check(document.RootElement, FlagPolicy.Default) + ValidationProperties.Check(document.RootElement, Strict);
        }
        catch (JsonException)
        {
            return "no JSON";
        }
    });
}
