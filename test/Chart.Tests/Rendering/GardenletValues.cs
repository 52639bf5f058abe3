// SPDX-License-Identifier: Apache-2.0

namespace Chart.Tests.Rendering;

/// <summary>What gardenlet lays over the values of every extension's chart (Gardener contract 7.2: injected values).</summary>
internal static class GardenletValues
{
    public const string OfSeed = """
        {
          "gardener": {
            "version": "v1.149.3",
            "garden": { "clusterIdentity": "landscape-garden", "genericKubeconfigSecretName": "generic-token-kubeconfig-1a2b3c4d" },
            "gardenlet": { "featureGates": { "DefaultSeccompProfile": true, "VPAInPlaceUpdates": false } },
            "seed": {
              "name": "seed-eu1",
              "clusterIdentity": "seed-eu1-identity",
              "annotations": { "example.com/owner": "operators" },
              "labels": { "environment": "live" },
              "provider": "local",
              "region": "eu1",
              "volumeProvider": "",
              "volumeProviders": [],
              "ingressDomain": "ingress.seed-eu1.example.com",
              "protected": false,
              "visible": true,
              "taints": [ { "key": "seed.gardener.cloud/protected" } ],
              "networks": { "pods": "10.1.0.0/16", "services": "10.2.0.0/16", "nodes": null },
              "blockCIDRs": [ "169.254.169.254/32" ],
              "spec": { "provider": { "type": "local", "region": "eu1", "zones": [ "a", "b" ] } }
            }
          }
        }
        """;

    public const string OfSelfHostedShoot = """
        {
          "gardener": {
            "version": "v1.149.3",
            "garden": { "clusterIdentity": "landscape-garden" },
            "gardenlet": { "featureGates": {} },
            "selfHostedShootCluster": true,
            "shoot": { "name": "root", "namespace": "garden", "labels": {}, "annotations": {}, "spec": { "region": "eu1" } }
          },
          "usablePorts": [ 10300, 10301, 10302, 10303, 10304 ]
        }
        """;

    public const string OfRuntimeCluster = """
        { "gardener": { "runtimeCluster": { "enabled": "true", "priorityClassName": "gardener-garden-system-200" } } }
        """;
}
