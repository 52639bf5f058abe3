// SPDX-License-Identifier: Apache-2.0

namespace Kubernetes.Controllers.Queueing;

/// <summary>A key to process, and how urgent it was.</summary>
/// <typeparam name="TKey">The type of the keys.</typeparam>
/// <param name="Key">The key.</param>
/// <param name="Priority">The highest priority it was added with; a retry keeps it.</param>
internal readonly record struct WorkItem<TKey>(TKey Key, int Priority)
    where TKey : notnull;
