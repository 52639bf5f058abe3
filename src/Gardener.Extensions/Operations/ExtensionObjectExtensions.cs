// SPDX-License-Identifier: Apache-2.0

using System.Globalization;
using Gardener.Extensions.Api;
using Kubernetes.Controllers.Client;

namespace Gardener.Extensions.Operations;

/// <summary>Questions that every extension object can answer.</summary>
public static class ExtensionObjectExtensions
{
    /// <summary>The value of <see cref="GardenerAnnotations.Operation"/>, or null.</summary>
    public static string? OperationAnnotation(this IExtensionObject value) => Annotation(value, GardenerAnnotations.Operation);

    /// <summary>The value of <see cref="GardenerAnnotations.Timestamp"/>, or null.</summary>
    public static string? TimestampAnnotation(this IExtensionObject value) => Annotation(value, GardenerAnnotations.Timestamp);

    /// <summary>Namespace and name.</summary>
    public static ObjectKey Key(this IExtensionObject value) => ObjectKey.Of(value);

    /// <summary>The object has a deletion time stamp.</summary>
    public static bool IsBeingDeleted(this IExtensionObject value) => value.Metadata.DeletionTimestamp is not null;

    /// <summary>The finalizer is set.</summary>
    public static bool HasFinalizer(this IExtensionObject value, string finalizer) => value.Metadata.Finalizers?.Contains(finalizer) == true;

    /// <summary>gardenlet asks for an operation by annotation.</summary>
    public static bool AsksForOperation(this IExtensionObject value) =>
        value.OperationAnnotation() is GardenerOperation.Reconcile or GardenerOperation.Restore or GardenerOperation.Migrate;

    /// <summary>
    /// Something is left to do: an operation was asked for or did not succeed, the object is being deleted, its specification is
    /// newer than what was observed, or gardenlet asked after the last operation ended. The last two catch a trigger whose
    /// annotation was already taken off when the process died.
    /// </summary>
    public static bool HasWorkLeft(this IExtensionObject value)
    {
        var status = value.ExtensionStatus;
        return value.AsksForOperation()
            || value.IsBeingDeleted()
            || status?.LastOperation is not { State: OperationState.Succeeded } last
            || status.ObservedGeneration != value.Metadata.Generation
            || AskedAfter(value, last.LastUpdateTime);
    }

    private static bool AskedAfter(IExtensionObject value, DateTimeOffset time) =>
        DateTimeOffset.TryParse(
            WithoutFraction(value.TimestampAnnotation()), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var asked)
        && asked.ToUnixTimeSeconds() > time.ToUnixTimeSeconds();

    /// <summary>.NET rounds what is finer than its ticks, and may so arrive in the next second.</summary>
    private static string? WithoutFraction(string? timestamp)
    {
        var point = timestamp?.IndexOf('.') ?? -1;
        return point < 0 ? timestamp : $"{timestamp.AsSpan(0, point)}{timestamp.AsSpan(point + 1).TrimStart("0123456789")}";
    }

    private static string? Annotation(IExtensionObject value, string key) =>
        value.Metadata.Annotations is { } annotations && annotations.TryGetValue(key, out var text) ? text : null;
}
