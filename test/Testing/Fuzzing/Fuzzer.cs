// SPDX-License-Identifier: Apache-2.0

using System.Diagnostics;
using System.Globalization;

namespace Testing.Fuzzing;

/// <summary>
/// Feeds a property with a corpus and with mutations of it. Guided by outcomes: an input that leads to an outcome that was not seen before is
/// mutated further. The same seed gives the same inputs on every machine, so that a test finds today what it found yesterday.
/// </summary>
/// <remarks>
/// <c>FUZZ_SECONDS</c> has it run so long instead of <see cref="Inputs"/> inputs, <c>FUZZ_SEED</c> with another seed. What fails belongs into the
/// corpus, with a name that says what it is.
/// </remarks>
public static class Fuzzer
{
    private const int Inputs = 5_000;
    private const int MaxPool = 2_000;
    private const int MaxLength = 8 * 1024;

    /// <summary>Runs the property for every file of a folder of the corpus, and for mutations.</summary>
    /// <param name="folder">The folder's name below <c>test/corpus</c>.</param>
    /// <param name="property">Throws where the property does not hold; returns what became of the input.</param>
    /// <exception cref="FuzzException">The property does not hold; the message has seed and input.</exception>
    public static void Run(string folder, Func<byte[], string> property)
    {
        var seed = Number("FUZZ_SEED") ?? 1;
        var time = Number("FUZZ_SECONDS") is { } seconds ? TimeSpan.FromSeconds(seconds) : (TimeSpan?)null;
        var pool = Corpus(folder);
        var outcomes = new HashSet<string>(StringComparer.Ordinal);
        var mutator = new Mutator(new Random(seed));
        foreach (var input in pool)
        {
            outcomes.Add(Check(input));
        }

        var started = Stopwatch.GetTimestamp();
        for (var count = 0; time is null ? count < Inputs : Stopwatch.GetElapsedTime(started) < time; count++)
        {
            var input = mutator.Mutate(pool, MaxLength);
            if (outcomes.Add(Check(input)) && pool.Count < MaxPool)
            {
                pool.Add(input);
            }
        }

        string Check(byte[] input)
        {
            try
            {
                return property(input);
            }
            catch (Exception exception)
            {
                throw new FuzzException(seed, input, exception);
            }
        }
    }

    private static List<byte[]> Corpus(string folder)
    {
        var files = Directory.GetFiles(Path.Combine(Repository.Root, "test", "corpus", folder));
        Array.Sort(files, StringComparer.Ordinal);
        return files.Length > 0 ? [.. files.Select(File.ReadAllBytes)] : throw new InvalidOperationException($"The corpus {folder} is empty.");
    }

    private static int? Number(string variable) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : null;
}
