// SPDX-License-Identifier: Apache-2.0

using System.Text.Json;
using RuntimeGVisor.ProviderConfiguration;

namespace RuntimeGVisor.Tests.ProviderConfiguration;

/// <summary>The vectors of Gardener's contract.</summary>
public sealed class GVisorConfigurationDecoderTests
{
    private const string Group = "gvisor.runtime.extensions.config.gardener.cloud";

    [Fact]
    public void No_providerConfig_is_an_empty_configuration() => GVisorConfigurationDecoder.Decode(null).Should().BeSameAs(GVisorConfiguration.Empty);

    [Theory]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("""{"configFlags":{}}""")]
    [InlineData("""{"configFlags":null,"testImageTag":null}""")]
    [InlineData("""{"testImageTag":""}""")]
    [InlineData("""{"configflags":{"debug":"true"},"TestImageTag":"x","future":{"a":1}}""")]
    public void An_empty_text_is_an_empty_configuration(string json) => Decode(json).Should().BeEquivalentTo(GVisorConfiguration.Empty);

    [Fact]
    public void Flags_and_tag_are_taken_as_they_are()
    {
        var configuration = Decode($$"""
            {"apiVersion":"{{Group}}/v1alpha1","kind":"GVisorConfiguration","configFlags":{"net-raw":"True","foo":"","debug":null},"testImageTag":"pr-1"}
            """);

        configuration.ConfigFlags.Should().Equal(new Dictionary<string, string>(StringComparer.Ordinal) { ["net-raw"] = "True", ["foo"] = "", ["debug"] = "" });
        configuration.TestImageTag.Should().Be("pr-1");
    }

    [Theory]
    [InlineData($$"""{"apiVersion":"{{Group}}/v1alpha1"}""", false)]
    [InlineData("""{"kind":"GVisorConfiguration"}""", false)]
    [InlineData("""{"apiVersion":"","kind":""}""", false)]
    [InlineData("""{"apiVersion":"gvisor.os.extensions.gardener.cloud/v1alpha1","kind":"GVisorConfiguration"}""", true)]
    [InlineData("""{"apiVersion":"gvisor.os.extensions.gardener.cloud/v1alpha1"}""", true)]
    public void A_missing_type_is_filled_in_and_an_alias_is_reported(string json, bool alias) => Decode(json).HasAliasApiVersion.Should().Be(alias);

    [Theory]
    [InlineData("some.group.com/v1alpha1", "GVisorConfiguration")]
    [InlineData(Group + "/v1alpha2", "GVisorConfiguration")]
    [InlineData(Group + "/V1alpha1", "GVisorConfiguration")]
    [InlineData("v1alpha1", "GVisorConfiguration")]
    [InlineData(Group, "GVisorConfiguration")]
    [InlineData(Group + "/v1alpha1", "gvisorconfiguration")]
    [InlineData(Group + "/v1alpha1", "GVisorConfigurationList")]
    [InlineData("gvisor.os.extensions.gardener.cloud/v1alpha2", "GVisorConfiguration")]
    [InlineData("gvisor.os.extensions.gardener.cloud/v1alpha1", "Other")]
    public void Another_version_or_kind_is_an_error(string apiVersion, string kind) =>
        ErrorOf($$"""{"apiVersion":"{{apiVersion}}","kind":"{{kind}}"}""").Should().StartWith(
            $"could not decode provider config: no kind \"{kind}\" is registered for version \"{apiVersion}\" in scheme ");

    [Fact]
    public void Another_kind_without_version_is_an_error_that_names_the_default_version() =>
        ErrorOf("""{"kind":"Other"}""").Should().Contain($"no kind \"Other\" is registered for version \"{Group}/v1alpha1\" in scheme");

    [Theory]
    [InlineData("""{"configFlags":{"debug":true}}""", "configFlags.debug: true is not allowed: a string, such as \"true\"")]
    [InlineData("""{"configFlags":{"panic-signal":5}}""", "configFlags.panic-signal: 5 is not allowed: a string, such as \"true\"")]
    [InlineData("""{"configFlags":{"a":{"b":"c"}}}""", "configFlags.a: {\"b\":\"c\"} is not allowed: a string, such as \"true\"")]
    [InlineData("""{"configFlags":["debug"]}""", "configFlags: [\"debug\"] is not allowed: an object with a string for each flag")]
    [InlineData("""{"configFlags":"debug"}""", "configFlags: \"debug\" is not allowed: an object with a string for each flag")]
    [InlineData("""{"testImageTag":1}""", "testImageTag: 1 is not allowed: a string")]
    [InlineData("""{"apiVersion":1}""", "apiVersion: 1 is not allowed: a string")]
    [InlineData("""{"kind":[]}""", "kind: [] is not allowed: a string")]
    [InlineData("[]", "providerConfig: [] is not allowed: an object")]
    [InlineData("\"debug\"", "providerConfig: \"debug\" is not allowed: an object")]
    public void A_wrong_type_is_an_error_with_field_value_and_what_is_allowed(string json, string error) =>
        ErrorOf(json).Should().Be($"could not decode provider config: {error}");

    private static GVisorConfiguration Decode(string json)
    {
        using var document = JsonDocument.Parse(json);
        return GVisorConfigurationDecoder.Decode(document.RootElement);
    }

    private static string ErrorOf(string json) =>
        FluentActions.Invoking(() => Decode(json)).Should().Throw<ProviderConfigurationException>().Which.Message;
}
