// SPDX-License-Identifier: Apache-2.0

using System.Text.Json;
using RuntimeGVisor.Validation;

namespace RuntimeGVisor.Tests.Validation;

public sealed class ManifestValidatorTests
{
    private const string Extensions = "extensions.gardener.cloud/v1alpha1";
    private const string Wrong = """{"configFlags":{"netraw":"true"}}""";

    [Theory]
    [InlineData($$$"""{"apiVersion":"{{{Extensions}}}","kind":"ContainerRuntime","spec":{"type":"gvisor","providerConfig":{{{Wrong}}}}}""", "spec.providerConfig.configFlags[netraw]")]
    [InlineData("""{"kind":"GVisorConfiguration","configFlags":{"netraw":"true"}}""", "configFlags[netraw]")]
    [InlineData("""{"apiVersion":"gvisor.runtime.extensions.config.gardener.cloud/v1alpha1","kind":"GvisorConfiguration"}""", "kind")]
    [InlineData("""{"apiVersion":"core.gardener.cloud/v1","kind":"Shoot"}""", "apiVersion")]
    [InlineData("""{"apiVersion":"extensions.gardener.cloud/v1","kind":"ContainerRuntime"}""", "apiVersion")]
    [InlineData($$$"""{"kind":"List","items":[{"kind":"Node"},{"kind":"GVisorConfiguration","configFlags":{"netraw":"true"}}]}""", "items[1].configFlags[netraw]")]
    [InlineData("""{"\ud800kind":"Shoot"}""", "")]
    public void Whatever_is_about_gVisor_is_judged(string manifest, string path) =>
        Validate(manifest).Should().ContainSingle().Which.Path.Should().Be(path);

    [Theory]
    [InlineData("5")]
    [InlineData("{}")]
    [InlineData("""{"apiVersion":"v1","kind":"Pod"}""")]
    [InlineData("""{"kind":"List","items":[{"kind":"Pod"}]}""")]
    [InlineData($$$"""{"apiVersion":"{{{Extensions}}}","kind":"ContainerRuntime","spec":{"type":"kata","providerConfig":{{{Wrong}}}}}""")]
    public void Anything_else_is_left_alone(string manifest) => Validate(manifest).Should().BeNull();

    [Fact]
    public void A_Shoot_without_gVisor_is_left_alone() =>
        Validate("""{"apiVersion":"core.gardener.cloud/v1beta1","kind":"Shoot","spec":{}}""").Should().BeNull();

    private static IReadOnlyList<Finding>? Validate(string manifest) => ManifestValidator.Validate(JsonElement.Parse(manifest), FlagPolicy.Default);
}
