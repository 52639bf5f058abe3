// SPDX-License-Identifier: Apache-2.0

using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace RuntimeGVisor.Admission.Tests.Reviews;

/// <summary>Reviews that were changed at random: whatever arrives, the answer is one, or the review is refused as none.</summary>
/// <remarks><c>FUZZ_SECONDS</c> is the time that it takes, 2 without it, and <c>FUZZ_SEED</c> repeats a run; both are in the failure's message.</remarks>
public sealed class MutationTests(ITestOutputHelper output)
{
    private static readonly string[] Words =
    [
        "null", "{}", "[]", "\"\"", "true", "-1", "1e999", "\"\\ud800\"", "{\"a\":{}}", "\"request\"", "\"object\"", "\"oldObject\"", "\"configFlags\"", "\"gvisor\"",
        "\"DELETE\"", "\u00e9", "\0", ",", ":", "[[[[[[[[", "}}}}",
    ];

    [Fact]
    public void Whatever_arrives_is_answered_or_refused()
    {
        var seed = Environment.GetEnvironmentVariable("FUZZ_SEED") is { Length: > 0 } given ? int.Parse(given, CultureInfo.InvariantCulture) : Random.Shared.Next();
        var limit = TimeSpan.FromSeconds(int.Parse(Environment.GetEnvironmentVariable("FUZZ_SECONDS") ?? "2", CultureInfo.InvariantCulture));
        var random = new Random(seed);
        byte[][] corpus = [.. Corpus()];
        var elapsed = Stopwatch.StartNew();
        var (runs, answers) = (0, 0);
        while (elapsed.Elapsed < limit || runs < 100)
        {
            var json = Mutate(corpus[random.Next(corpus.Length)], random);
            runs++;
            try
            {
                var response = Review.Answer(json).Written();
                response.GetProperty("response").GetProperty("uid").GetString().Should().Be("u");
                answers++;
            }
            catch (FormatException)
            {
                // Refused with a reason.
            }
            catch (Exception exception)
            {
                Assert.Fail($"FUZZ_SEED={seed}, run {runs}: {exception}\n{Encoding.UTF8.GetString(json)}");
            }
        }

        output.WriteLine($"FUZZ_SEED={seed}: {runs} reviews, {answers} of them answered");
        answers.Should().BePositive();
    }

    private static IEnumerable<byte[]> Corpus()
    {
        yield return Review.Of(Review.Shoot()).Bytes();
        yield return Review.Of(Review.Shoot("""{"net-rwa":"true","debug":"perhaps","panic-signal":"99"}"""), Review.Shoot()).Bytes();
        yield return Review.Of(Review.Shoot("""{"net-raw":"true","net-raw":"false"}""".Replace("net-raw\":\"f", "net\\u002draw2\":\"f", StringComparison.Ordinal))).Bytes();
    }

    private static byte[] Mutate(byte[] source, Random random)
    {
        var bytes = new List<byte>(source);
        for (var changes = random.Next(1, 6); changes > 0 && bytes.Count > 0; changes--)
        {
            var at = random.Next(bytes.Count);
            switch (random.Next(5))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes.RemoveRange(at, Math.Min(random.Next(1, 40), bytes.Count - at));
                    break;
                case 2:
                    var piece = bytes.GetRange(at, Math.Min(random.Next(1, 80), bytes.Count - at));
                    bytes.InsertRange(random.Next(bytes.Count), piece);
                    break;
                case 3:
                    bytes.InsertRange(at, Encoding.UTF8.GetBytes(Words[random.Next(Words.Length)]));
                    break;
                default:
                    // A whole text becomes something else: the review stays JSON.
                    var start = bytes.IndexOf((byte)'"', at);
                    var end = start < 0 ? -1 : bytes.IndexOf((byte)'"', start + 1);
                    if (end > 0)
                    {
                        bytes.RemoveRange(start, end + 1 - start);
                        bytes.InsertRange(start, Encoding.UTF8.GetBytes(Words[random.Next(Words.Length)]));
                    }

                    break;
            }
        }

        return [.. bytes];
    }
}
