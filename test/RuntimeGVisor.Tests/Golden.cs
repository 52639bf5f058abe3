// SPDX-License-Identifier: Apache-2.0

using System.Runtime.CompilerServices;

namespace RuntimeGVisor.Tests;

/// <summary>
/// Compares a text with a file beside the test, so that a change of what shoots get is seen in review. <c>UPDATE_GOLDEN=1</c> writes the
/// files anew.
/// </summary>
internal static class Golden
{
    public static void Verify(string actual, string name, [CallerFilePath] string testFile = "")
    {
        var relative = Path.Combine("golden", name);
        var path = Path.Combine(SourceDirectory(testFile), relative);
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, actual);
        }

        File.Exists(path).Should().BeTrue($"{relative} is expected; UPDATE_GOLDEN=1 writes it");
        actual.Should().Be(File.ReadAllText(path), $"that is what {relative} says; if the change is wanted, UPDATE_GOLDEN=1 writes it anew");
    }

    // Deterministic builds replace the repository's root in the compiler's paths.
    private static string SourceDirectory(string testFile)
    {
        const string Tests = "/test/RuntimeGVisor.Tests/";
        var below = testFile[(testFile.LastIndexOf(Tests, StringComparison.Ordinal) + 1)..];
        return Path.GetDirectoryName(Repository.PathOf(below))!;
    }
}
