// SPDX-License-Identifier: Apache-2.0

using System.Collections.Immutable;
using Gardener.Extensions.Api;
using Kubernetes.Controllers.Client;

namespace Gardener.Extensions.Operations;

/// <summary>
/// Writes the status of extension objects: a merge patch of the owned fields on the subresource, without a resource version.
/// Each write has a short time limit of its own, so that a slow operation can still be reported. Null means the object is gone.
/// </summary>
internal sealed class OperationStatus<T>(ExtensionKind<T> kind, IApiClient api, TimeProvider time)
    where T : class, IExtensionObject
{
    private static readonly TimeSpan WriteTimeout = TimeSpan.FromSeconds(20);

    private readonly OperationText _text = new(kind.Resource.Kind);

    /// <summary>An error of an earlier attempt stays until an operation succeeds.</summary>
    public Task<T?> ProcessingAsync(T value, OperationType type, string? waitingFor, CancellationToken cancellationToken)
    {
        var description = waitingFor is null ? _text.Processing(type) : $"{_text.Processing(type)}: waiting for {waitingFor}";
        if (waitingFor is not null && Shows(value, OperationState.Processing, description))
        {
            return Task.FromResult<T?>(value);
        }

        return WriteAsync(value, new ExtensionStatus
        {
            LastOperation = Operation(type, OperationState.Processing, 1, description),
            LastError = value.ExtensionStatus?.LastError,
            ObservedGeneration = value.ExtensionStatus?.ObservedGeneration,
        }, cancellationToken);
    }

    /// <summary>Repeats nothing that the status already says, so that waiting costs no writes.</summary>
    public Task<T?> OverdueAsync(T value, OperationType type, string waitingFor, CancellationToken cancellationToken) =>
        Shows(value, OperationState.Error, _text.Failed(type, $"still waiting for {waitingFor}"))
            ? Task.FromResult<T?>(value)
            : ErrorAsync(value, type, $"still waiting for {waitingFor}", [], cancellationToken);

    public Task<T?> ErrorAsync(T value, OperationType type, string cause, ImmutableArray<string> codes, CancellationToken cancellationToken)
    {
        var operation = Operation(type, OperationState.Error, 50, _text.Failed(type, cause));
        return WriteAsync(value, new ExtensionStatus
        {
            LastOperation = operation,
            LastError = new LastError
            {
                Description = operation.Description,
                Codes = codes.IsEmpty ? null : codes,
                LastUpdateTime = operation.LastUpdateTime,
            },
            ObservedGeneration = value.Metadata.Generation,
        }, cancellationToken);
    }

    public Task<T?> SucceededAsync(T value, OperationType type, CancellationToken cancellationToken) => WriteAsync(value, new ExtensionStatus
    {
        LastOperation = Operation(type, OperationState.Succeeded, 100, _text.Succeeded(type)),
        ObservedGeneration = value.Metadata.Generation,
    }, cancellationToken);

    private static bool Shows(T value, OperationState state, string description) =>
        value.ExtensionStatus?.LastOperation is { } last && last.State == state && last.Description == description;

    private LastOperation Operation(OperationType type, OperationState state, int progress, string description) => new()
    {
        Type = type,
        State = state,
        Progress = progress,
        Description = description,
        LastUpdateTime = time.GetUtcNow(),
    };

    private async Task<T?> WriteAsync(T value, ExtensionStatus desired, CancellationToken cancellationToken)
    {
        if (StatusPatch.Between(value.ExtensionStatus, desired) is not { } patch)
        {
            return value;
        }

        using var timeout = new CancellationTokenSource(WriteTimeout, time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            return await api.PatchAsync(kind.Resource, value.Key(), patch, "status", linked.Token);
        }
        catch (ApiException exception) when (exception.IsNotFound)
        {
            return null;
        }
    }
}
