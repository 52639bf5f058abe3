// SPDX-License-Identifier: Apache-2.0

using System.Text.Json;
using RuntimeGVisor.NodeConfiguration;
using RuntimeGVisor.ProviderConfiguration;

namespace RuntimeGVisor.Validation;

/// <summary>Judges what a person may have written about gVisor: a Shoot, a ContainerRuntime, a GVisorConfiguration by itself, or a list of them.</summary>
public static class ManifestValidator
{
    private const string ShootApiVersion = "core.gardener.cloud/v1beta1";
    private const string ExtensionsApiVersion = "extensions.gardener.cloud/v1alpha1";

    /// <summary>Finds everything that is wrong.</summary>
    /// <param name="manifest">The object.</param>
    /// <param name="policy">The operator's policy.</param>
    /// <returns>The findings; null for an object that says nothing about gVisor whatever it holds.</returns>
    public static IReadOnlyList<Finding>? Validate(JsonElement manifest, FlagPolicy policy)
    {
        try
        {
            return Find(manifest, policy);
        }
        catch (InvalidOperationException)
        {
            return [Finding.OfBrokenText];
        }
    }

    private static IReadOnlyList<Finding>? Find(JsonElement manifest, FlagPolicy policy)
    {
        var (apiVersion, kind) = (manifest.Field("apiVersion").Text() ?? "", manifest.Field("kind").Text() ?? "");
        return kind switch
        {
            "Shoot" when apiVersion != ShootApiVersion => [WrongVersion(apiVersion, ShootApiVersion)],
            "Shoot" => ShootValidator.UsesGVisor(manifest) ? ShootValidator.Validate(manifest, oldShoot: null, policy) : null,
            "ContainerRuntime" when apiVersion != ExtensionsApiVersion => [WrongVersion(apiVersion, ExtensionsApiVersion)],
            "ContainerRuntime" when manifest.Field("spec").Field("type").Text() == ShootValidator.RuntimeType =>
                ProviderConfigValidator.Validate(manifest.Field("spec").Field("providerConfig"), "spec.providerConfig", policy),
            "List" or "ShootList" or "ContainerRuntimeList" => OfItems(manifest, policy),
            _ when kind == GVisorConfiguration.Kind || apiVersion is GVisorConfiguration.ApiVersion or GVisorConfiguration.AliasApiVersion =>
                ProviderConfigValidator.Validate(manifest, "", policy),
            _ => null,
        };
    }

    private static IReadOnlyList<Finding>? OfItems(JsonElement list, FlagPolicy policy)
    {
        var items = list.Field("items").Items().Select((item, index) => (Findings: Find(item, policy), Path: $"items[{index}]")).ToArray();
        return Array.TrueForAll(items, item => item.Findings is null)
            ? null
            : [.. items.SelectMany(item => (item.Findings ?? []).Select(finding => finding.Below(item.Path)))];
    }

    private static Finding WrongVersion(string apiVersion, string expected) =>
        Finding.Of(new ConfigurationError("apiVersion", apiVersion, $"exactly {expected}"));
}
