// SPDX-License-Identifier: Apache-2.0

using Gardener.Extensions.Api;
using Gardener.Extensions.Metrics;
using Kubernetes.Controllers.Client;
using Kubernetes.Controllers.Events;
using Microsoft.Extensions.Logging;

namespace Gardener.Extensions.Operations;

/// <summary>
/// Tells operators how operations go: one log line for each transition, an event for what somebody must act on, and metrics. An error
/// has no line here, since the controller logs whatever a reconcile fails with.
/// </summary>
/// <param name="kind">The kind of the objects.</param>
/// <param name="events">Where events go.</param>
/// <param name="metrics">Counts and durations.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Where transitions are logged.</param>
public sealed partial class OperationReporter(string kind, IEventRecorder events, OperationMetrics metrics, TimeProvider time, ILogger logger)
{
    private readonly OperationText _text = new(kind);

    internal void Started(IExtensionObject value, OperationType type) => LogStarted(type, value.Key());

    internal void Waiting(IExtensionObject value, OperationType type, string reason, bool isOverdue)
    {
        if (!isOverdue)
        {
            LogWaiting(type, value.Key(), reason);
            return;
        }

        LogOverdue(type, value.Key(), reason);
        metrics.RecordResult(type, OperationResult.Overdue);
        events.Record(value, EventType.Warning, $"{type}Overdue", _text.Failed(type, $"still waiting for {reason}"));
    }

    /// <param name="value">The object.</param>
    /// <param name="type">What was done.</param>
    /// <param name="requested">When it was asked for, or null if that is not known.</param>
    internal void Succeeded(IExtensionObject value, OperationType type, DateTimeOffset? requested)
    {
        LogSucceeded(type, value.Key());
        metrics.RecordResult(type, OperationResult.Succeeded);
        if (requested is { } start)
        {
            metrics.ObserveDuration(type, time.GetUtcNow() - start);
        }
    }

    internal void Failed(IExtensionObject value, OperationType type, Exception cause, bool isRetried)
    {
        metrics.RecordResult(type, isRetried ? OperationResult.Failed : OperationResult.Rejected);
        events.Record(value, EventType.Warning, $"{type}Failed", _text.Failed(type, cause.Message));
    }

    internal void StatusLost(IExtensionObject value, Exception cause) => LogStatusLost(cause, value.Key());

    internal void ShootFailed(IExtensionObject value) => LogShootFailed(value.Key());

    internal void Conflict(ObjectKey key, string message) => LogConflict(key, message);

    [LoggerMessage(LogLevel.Debug, "Conflict on {Object}, reading it again: {Message}")]
    private partial void LogConflict(ObjectKey @object, string message);

    [LoggerMessage(LogLevel.Information, "Leaving {Object} alone: its shoot has failed. A change of the Cluster starts it again")]
    private partial void LogShootFailed(ObjectKey @object);

    [LoggerMessage(LogLevel.Information, "{Operation} of {Object} started")]
    private partial void LogStarted(OperationType operation, ObjectKey @object);

    [LoggerMessage(LogLevel.Information, "{Operation} of {Object} waits for {Reason}")]
    private partial void LogWaiting(OperationType operation, ObjectKey @object, string reason);

    [LoggerMessage(LogLevel.Warning, "{Operation} of {Object} is overdue, still waiting for {Reason}")]
    private partial void LogOverdue(OperationType operation, ObjectKey @object, string reason);

    [LoggerMessage(LogLevel.Information, "{Operation} of {Object} succeeded")]
    private partial void LogSucceeded(OperationType operation, ObjectKey @object);

    [LoggerMessage(LogLevel.Error, "The status of {Object} could not be written")]
    private partial void LogStatusLost(Exception cause, ObjectKey @object);
}
