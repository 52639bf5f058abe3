// SPDX-License-Identifier: Apache-2.0

namespace Chart.Tests.Rendering;

/// <summary>Values of both charts of the admission.</summary>
internal static class AdmissionValues
{
    /// <summary>What gardener-operator sets (Gardener contract 7.5: admission component).</summary>
    public const string OfOperator = """
        {
          "gardener": {
            "runtimeCluster": { "priorityClassName": "gardener-garden-system-400" },
            "virtualCluster": {
              "enabled": true,
              "namespace": "extension-runtime-gvisor",
              "serviceAccount": { "name": "extension-admission-runtime-gvisor", "namespace": "kube-system" }
            }
          }
        }
        """;

    /// <summary>Shoots are in the cluster that the webhook runs in; certificate and policy are the operator's.</summary>
    public const string OfOneCluster = """
        {
          "gardener": { "virtualCluster": { "enabled": false } },
          "runtime": { "namespace": "admission" },
          "webhook": { "failurePolicy": "Ignore", "timeoutSeconds": 5 },
          "replicaCount": 1,
          "resources": { "limits": { "memory": "128Mi" } },
          "vpa": { "resourcePolicy": { "maxAllowed": { "memory": "1Gi" } } },
          "tls": { "secretName": "certificate" },
          "flagPolicy": { "nvproxy": "deny" }
        }
        """;
}
