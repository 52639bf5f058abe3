// SPDX-License-Identifier: Apache-2.0

using System.Globalization;

namespace ControlPlane;

/// <summary>The stand-in for gardener-resource-manager, for all shoots of a control plane.</summary>
public static class ResourceManagerProcess
{
    /// <param name="controlPlane">Where it runs.</param>
    /// <param name="deletionDelay">How long the deletion of a ManagedResource takes.</param>
    /// <param name="apply">Brings the shoot objects into being instead of only having them checked.</param>
    /// <param name="namespace">The only shoot that it works for; null for all.</param>
    /// <param name="nodes">There are nodes: applies, and tells whether the pods run.</param>
    /// <param name="healthDelay">How far the controller that writes ResourcesHealthy is behind the one that writes ResourcesProgressing.</param>
    public static ChildProcess Start(
        LocalControlPlane controlPlane,
        TimeSpan deletionDelay,
        bool apply = false,
        string? @namespace = null,
        bool nodes = false,
        TimeSpan healthDelay = default)
    {
        IReadOnlyList<string> command =
        [
            .. Repository.ResourceManager,
            "--kubeconfig", controlPlane.ResourceManagerKubeconfig,
            "--delay", string.Create(CultureInfo.InvariantCulture, $"{deletionDelay.TotalSeconds}s"),
            "--health-delay", string.Create(CultureInfo.InvariantCulture, $"{healthDelay.TotalSeconds}s"),
            .. apply ? (string[])["--apply"] : [],
            .. nodes ? (string[])["--nodes"] : [],
            .. @namespace is not null ? (string[])["--namespace", @namespace] : [],
        ];
        return ChildProcess.Start(controlPlane.Network is { } network ? network.Enter(command) : command);
    }
}
