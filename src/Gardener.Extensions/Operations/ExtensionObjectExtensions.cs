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

    /// <summary>The condition of a type, or null.</summary>
    public static ExtensionCondition? Condition(this IExtensionObject value, string type) =>
        (value.ExtensionStatus?.Conditions ?? []).FirstOrDefault(condition => condition.Type == type);

    /// <summary>gardenlet asks for an operation by annotation.</summary>
    public static bool HasOperationAnnotation(this IExtensionObject value) =>
        value.OperationAnnotation() is GardenerOperation.Reconcile or GardenerOperation.Restore or GardenerOperation.Migrate;

    /// <summary>Something is left to do: an operation is asked for, or <see cref="IsUnfinished"/>.</summary>
    public static bool NeedsReconcile(this IExtensionObject value) => value.HasOperationAnnotation() || value.IsUnfinished();

    /// <summary>
    /// Something is left to do, annotation or not: the last operation did not succeed, the object is being deleted, its specification is
    /// newer than what was observed, or gardenlet asked after the last operation ended. This is all that is left of a request whose
    /// annotation was taken off when the process died.
    /// </summary>
    public static bool IsUnfinished(this IExtensionObject value)
    {
        var status = value.ExtensionStatus;
        return value.IsBeingDeleted()
            || status?.LastOperation is not { State: OperationState.Succeeded } last
            || status.ObservedGeneration != value.Metadata.Generation
            || AskedAfter(value, last.LastUpdateTime);
    }

    /// <summary>When gardenlet asked for the operation, or the deletion was asked for; null when neither is known.</summary>
    public static DateTimeOffset? RequestTime(this IExtensionObject value)
    {
        var asked = TimestampOf(value);
        return value.Metadata.DeletionTimestamp is { } time && new DateTimeOffset(time.ToUniversalTime()) is var deletion && !(asked > deletion)
            ? deletion
            : asked;
    }

    private static bool AskedAfter(IExtensionObject value, DateTimeOffset time) =>
        TimestampOf(value) is { } asked && asked.ToUnixTimeSeconds() > time.ToUnixTimeSeconds();

    private static DateTimeOffset? TimestampOf(IExtensionObject value) =>
        DateTimeOffset.TryParse(
            WithoutNanoseconds(value.TimestampAnnotation()), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var asked)
            ? asked
            : null;

    /// <summary>.NET rounds what is finer than its ticks, and may so arrive in the next second.</summary>
    private static string? WithoutNanoseconds(string? timestamp)
    {
        const int TickDigits = 7;
        var point = timestamp?.IndexOf('.') ?? -1;
        if (point < 0)
        {
            return timestamp;
        }

        var fraction = timestamp.AsSpan(point + 1);
        var end = fraction.IndexOfAnyExceptInRange('0', '9') is var index and >= 0 ? index : fraction.Length;
        return $"{timestamp.AsSpan(0, point + 1)}{fraction[..Math.Min(end, TickDigits)]}{fraction[end..]}";
    }

    private static string? Annotation(IExtensionObject value, string key) =>
        value.Metadata.Annotations is { } annotations && annotations.TryGetValue(key, out var text) ? text : null;
}
