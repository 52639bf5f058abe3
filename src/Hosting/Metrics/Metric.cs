// SPDX-License-Identifier: Apache-2.0

namespace Hosting.Metrics;

/// <summary>One value, or one distribution. Changing it never locks or allocates.</summary>
public abstract class Metric
{
    private protected Metric()
    {
    }

    internal abstract void Write(TextFormatWriter writer, string name, string labels);

    private protected static double Add(ref double location, double amount)
    {
        var current = Volatile.Read(ref location);
        while (true)
        {
            var sum = current + amount;
            var found = Interlocked.CompareExchange(ref location, sum, current);
            if (BitConverter.DoubleToInt64Bits(found) == BitConverter.DoubleToInt64Bits(current))
            {
                return sum;
            }

            current = found;
        }
    }
}
