// SPDX-License-Identifier: Apache-2.0

using Gardener.Extensions.Api;
using k8s.Models;

namespace Gardener.Extensions.Tests.Operations;

/// <summary>Builds the extension objects that the tables of cases speak of.</summary>
internal static class Objects
{
    /// <summary>The moment in which all cases play.</summary>
    public static DateTimeOffset Now { get; } = new(2026, 5, 4, 10, 0, 0, TimeSpan.Zero);

    /// <summary>An object that gardenlet has just created, with nothing asked for.</summary>
    public static ContainerRuntime New() => new()
    {
        Metadata = new() { Name = "gvisor-a", NamespaceProperty = "shoot--a--b", Uid = "u", ResourceVersion = "1", Generation = 1 },
        Spec = new() { Type = "gvisor", WorkerPool = new() { Name = "a" } },
    };

    /// <summary>An object whose last reconciliation has succeeded, with nothing left to do.</summary>
    public static ContainerRuntime Reconciled() => New().WithLast(OperationType.Reconcile, OperationState.Succeeded);

    public static ContainerRuntime WithLast(this ContainerRuntime value, OperationType type, OperationState state) => value with
    {
        Status = new ExtensionStatus
        {
            LastOperation = new() { Type = type, State = state, Description = $"{type} {state}", LastUpdateTime = Now },
            ObservedGeneration = value.Metadata.Generation,
        },
    };

    public static ContainerRuntime WithAnnotation(this ContainerRuntime value, string key, string? text)
    {
        if (text is null)
        {
            return value;
        }

        var annotations = new Dictionary<string, string>(value.Metadata.Annotations ?? new Dictionary<string, string>()) { [key] = text };
        return value.WithMetadata(metadata => metadata.Annotations = annotations);
    }

    public static ContainerRuntime WithOperation(this ContainerRuntime value, string? operation) =>
        value.WithAnnotation(GardenerAnnotations.Operation, operation);

    public static ContainerRuntime WithTimestamp(this ContainerRuntime value, string? timestamp) =>
        value.WithAnnotation(GardenerAnnotations.Timestamp, timestamp);

    public static ContainerRuntime InDeletion(this ContainerRuntime value) =>
        value.WithMetadata(metadata => metadata.DeletionTimestamp = Now.UtcDateTime);

    public static ContainerRuntime WithFinalizer(this ContainerRuntime value, string finalizer) =>
        value.WithMetadata(metadata => metadata.Finalizers = [finalizer]);

    public static ContainerRuntime OfGeneration(this ContainerRuntime value, long generation) =>
        value.WithMetadata(metadata => metadata.Generation = generation);

    private static ContainerRuntime WithMetadata(this ContainerRuntime value, Action<V1ObjectMeta> change)
    {
        var metadata = new V1ObjectMeta
        {
            Name = value.Metadata.Name,
            NamespaceProperty = value.Metadata.NamespaceProperty,
            Uid = value.Metadata.Uid,
            ResourceVersion = value.Metadata.ResourceVersion,
            Generation = value.Metadata.Generation,
            Annotations = value.Metadata.Annotations,
            DeletionTimestamp = value.Metadata.DeletionTimestamp,
            Finalizers = value.Metadata.Finalizers,
        };
        change(metadata);
        return value with { Metadata = metadata };
    }
}
