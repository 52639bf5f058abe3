// SPDX-License-Identifier: Apache-2.0

namespace Testing.Fuzzing;

/// <summary>A property does not hold for an input.</summary>
public sealed class FuzzException(int seed, byte[] input, Exception cause)
    : Exception($"FUZZ_SEED={seed}, base64 of the input: {Convert.ToBase64String(input)}\n{cause.Message}", cause);
