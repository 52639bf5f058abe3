// SPDX-License-Identifier: Apache-2.0

using System.Globalization;
using Gardener.Extensions.Api;

namespace RuntimeGVisor.Controller.ContainerRuntimes;

/// <summary>
/// The time that nodes get to take gVisor away before the objects of their pool are deleted. It is counted from an annotation on the
/// ManagedResource, so that a restart of the controller neither prolongs nor skips it.
/// </summary>
internal static class UninstallationTime
{
    /// <summary>Set when the ManagedResource takes its uninstall form: RFC 3339, UTC.</summary>
    public const string StartedAnnotation = "gvisor.runtime.extensions.gardener.cloud/uninstallation-started";

    /// <summary>How long nodes may take. Well below the 3 minutes that gardenlet waits for the deletion.</summary>
    public static TimeSpan Limit { get; } = TimeSpan.FromSeconds(90);

    /// <summary>Somebody is there to take gVisor away: the shoot lives, is awake, and stays.</summary>
    public static bool IsPossible(ClusterShoot? shoot) =>
        shoot is { IsBeingDeleted: false, IsHibernated: false, NeedsForceDeletion: false };

    /// <summary>When it started, or null when it did not.</summary>
    public static DateTimeOffset? StartOf(ManagedResource value) =>
        value.Metadata.Annotations is { } annotations
        && annotations.TryGetValue(StartedAnnotation, out var text)
        && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var start)
            ? start
            : null;

    /// <summary>The annotation's value.</summary>
    public static string Format(DateTimeOffset start) => start.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'");
}
