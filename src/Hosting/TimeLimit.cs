// SPDX-License-Identifier: Apache-2.0

namespace Hosting;

/// <summary>Work that may take only so long.</summary>
public static class TimeLimit
{
    /// <summary>Runs <paramref name="work"/> and cancels its token when the time is over.</summary>
    /// <param name="limit">The time; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <param name="time">The clock.</param>
    /// <param name="message">What the exception says.</param>
    /// <param name="work">What is done. It ends with an <see cref="OperationCanceledException"/> when its token is cancelled.</param>
    /// <param name="cancellationToken">Cancels the work for another reason.</param>
    /// <exception cref="TimeoutException">The work was cancelled because the time was over.</exception>
    public static async Task<TResult> RunAsync<TResult>(
        TimeSpan limit, TimeProvider time, string message, Func<CancellationToken, Task<TResult>> work, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        try
        {
            return await work(either.Token);
        }
        catch (OperationCanceledException exception) when (timeout.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException(message, exception);
        }
    }
}
