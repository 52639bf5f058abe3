// SPDX-License-Identifier: Apache-2.0

using System.Globalization;

namespace Measurement;

/// <summary>Tells a person who waits what is going on.</summary>
public sealed class Progress(TextWriter output)
{
    private readonly long _started = TimeProvider.System.GetTimestamp();

    public void Say(FormattableString text) =>
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{TimeProvider.System.GetElapsedTime(_started).TotalSeconds,6:0.0} s  {text.ToString(CultureInfo.InvariantCulture)}"));
}
