// SPDX-License-Identifier: Apache-2.0

namespace RuntimeGVisor.NodeInstaller.Containerd;

/// <summary>
/// The installer's own pod, to which its proofs belong as far as the kubelet is concerned. Every two seconds a kubelet ends each sandbox and
/// each container of no pod that it knows, also in the middle of a proof. It finds the pod of a sandbox by the UID in its metadata, and that of
/// a container by labels. The labels must not be on the sandbox: by those the kubelet would take it for a second sandbox of the pod.
/// </summary>
internal static class OwningPod
{
    private const string UidVariable = "POD_UID";

    /// <summary>Its UID, from the environment that the DaemonSet gives; outside of a pod, where no kubelet looks, any.</summary>
    public static string Uid { get; } = Variable(UidVariable) is { Length: > 0 } uid ? uid : Guid.NewGuid().ToString();

    /// <summary>What a kubelet reads of the container that is not in its pod's specification.</summary>
    public static IDictionary<string, string> ContainerLabels { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["io.kubernetes.pod.uid"] = Uid,
        ["io.kubernetes.pod.name"] = Variable("POD_NAME"),
        ["io.kubernetes.pod.namespace"] = Variable("POD_NAMESPACE"),
        ["io.kubernetes.container.name"] = "proof",
    };

    /// <summary>Without them it complains in its log.</summary>
    public static IDictionary<string, string> ContainerAnnotations { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["io.kubernetes.container.hash"] = "0",
        ["io.kubernetes.container.restartCount"] = "0",
    };

    private static string Variable(string name) => Environment.GetEnvironmentVariable(name) ?? "";
}
