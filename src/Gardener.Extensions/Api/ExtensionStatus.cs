// SPDX-License-Identifier: Apache-2.0

using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace Gardener.Extensions.Api;

/// <summary>The status that gardenlet reads from every extension object.</summary>
public sealed record ExtensionStatus
{
    /// <summary>The last operation, running or finished.</summary>
    public LastOperation? LastOperation { get; init; }

    /// <summary>The last error; absent once an operation has succeeded.</summary>
    public LastError? LastError { get; init; }

    /// <summary>The <c>metadata.generation</c> that the last finished operation was based on.</summary>
    public long? ObservedGeneration { get; init; }

    /// <summary>How what the extension is responsible for fares; gardenlet takes those of known types into the Shoot.</summary>
    public ImmutableArray<ExtensionCondition>? Conditions { get; init; }

    /// <summary>Compares the conditions by their values, which an array does not.</summary>
    public bool Equals(ExtensionStatus? other) =>
        other is not null
        && LastOperation == other.LastOperation
        && LastError == other.LastError
        && ObservedGeneration == other.ObservedGeneration
        && (Conditions ?? []).AsSpan().SequenceEqual((other.Conditions ?? []).AsSpan());

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(LastOperation, LastError, ObservedGeneration);
}

/// <summary>An operation on an extension object and how far it is.</summary>
public sealed record LastOperation
{
    /// <summary>What a person should know of it.</summary>
    public string Description { get; init => field = value ?? ""; } = "";

    /// <summary>When this was written: UTC, whole seconds (gardenlet compares it with its own time stamp in whole seconds).</summary>
    public DateTimeOffset LastUpdateTime { get; init; }

    /// <summary>Percent: 1 while processing, 50 after an error, 100 after success.</summary>
    public int Progress { get; init; }

    /// <summary>How it goes.</summary>
    public OperationState State { get; init; }

    /// <summary>What is done.</summary>
    public OperationType Type { get; init; }
}

/// <summary>Why an operation failed.</summary>
public sealed record LastError
{
    /// <summary>The message for people; equals the operation's description.</summary>
    public string Description { get; init => field = value ?? ""; } = "";

    /// <summary>Codes that gardenlet acts on, see <see cref="ErrorCode"/>; absent when none is known.</summary>
    public ImmutableArray<string>? Codes { get; init; }

    /// <summary>When this was written: UTC, whole seconds.</summary>
    public DateTimeOffset? LastUpdateTime { get; init; }

    /// <summary>Compares the codes by their values, which an array does not.</summary>
    public bool Equals(LastError? other) =>
        other is not null
        && Description == other.Description
        && LastUpdateTime == other.LastUpdateTime
        && (Codes ?? []).AsSpan().SequenceEqual((other.Codes ?? []).AsSpan());

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Description, LastUpdateTime);
}

/// <summary>Kinds of operations (Gardener contract 1.1: <c>lastOperation.type</c>).</summary>
[JsonConverter(typeof(TolerantEnumConverter<OperationType>))]
public enum OperationType
{
    /// <summary>A value that this version does not know.</summary>
    Unknown,

    /// <summary>The first reconciliation, until it has succeeded.</summary>
    Create,

    /// <summary>A later reconciliation.</summary>
    Reconcile,

    /// <summary>Everything is taken away.</summary>
    Delete,

    /// <summary>The control plane leaves this seed; what runs in the shoot stays.</summary>
    Migrate,

    /// <summary>The control plane arrived on this seed.</summary>
    Restore,
}

/// <summary>States of an operation (Gardener contract 1.1: <c>lastOperation.state</c>).</summary>
[JsonConverter(typeof(TolerantEnumConverter<OperationState>))]
public enum OperationState
{
    /// <summary>A value that this version does not know.</summary>
    Unknown,

    /// <summary>It runs, or waits for something outside.</summary>
    Processing,

    /// <summary>It is done.</summary>
    Succeeded,

    /// <summary>It failed and is tried again.</summary>
    Error,

    /// <summary>It failed and is not tried again before somebody acts.</summary>
    Failed,

    /// <summary>It has not begun.</summary>
    Pending,

    /// <summary>It was stopped.</summary>
    Aborted,
}

/// <summary>Codes of <c>lastError.codes</c> that extensions for container runtimes use.</summary>
public static class ErrorCode
{
    /// <summary>The shoot's owner must correct the configuration; gardenlet does not retry.</summary>
    public const string ConfigurationProblem = "ERR_CONFIGURATION_PROBLEM";
}
