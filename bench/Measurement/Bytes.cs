// SPDX-License-Identifier: Apache-2.0

namespace Measurement;

/// <summary>The units of sizes in reports.</summary>
public static class Bytes
{
    public const double Kilobyte = 1_000;
    public const double Megabyte = 1_000_000;
}
