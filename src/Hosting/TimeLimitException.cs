// SPDX-License-Identifier: Apache-2.0

namespace Hosting;

/// <summary>Work took longer than its <see cref="TimeLimit"/>.</summary>
public sealed class TimeLimitException(string message, Exception innerException) : TimeoutException(message, innerException);
