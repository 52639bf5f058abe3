// SPDX-License-Identifier: Apache-2.0

namespace Gardener.Extensions.Operations;

/// <summary>How an actuator left an operation: done, or waiting for somebody else without holding a worker.</summary>
public sealed record OperationOutcome
{
    private OperationOutcome()
    {
    }

    /// <summary>Everything is done.</summary>
    public static OperationOutcome Completed { get; } = new();

    /// <summary>What is waited for, as a phrase that continues "…: waiting for"; null when the operation is completed.</summary>
    public string? WaitingFor { get; private init; }

    /// <summary>When to look again if no watched object changes before.</summary>
    public TimeSpan RecheckAfter { get; private init; }

    /// <summary>It takes longer than it should: the status becomes an error that names what is waited for.</summary>
    public bool IsOverdue { get; private init; }

    /// <summary>The operation goes on when something outside has happened.</summary>
    /// <param name="reason">What is waited for, for people.</param>
    /// <param name="recheckAfter">When to look again if no watched object changes before.</param>
    /// <param name="isOverdue">Whether it takes longer than it should.</param>
    public static OperationOutcome Waiting(string reason, TimeSpan recheckAfter, bool isOverdue = false) =>
        new() { WaitingFor = reason, RecheckAfter = recheckAfter, IsOverdue = isOverdue };
}
