// SPDX-License-Identifier: Apache-2.0

using CsCheck;
using RuntimeGVisor.NodeInstaller.CommandLine;

namespace RuntimeGVisor.NodeInstaller.Tests.CommandLine;

public sealed class UnifiedDiffTests
{
    [Fact]
    public void Equal_texts_have_no_difference() => UnifiedDiff.Write("/f", "a\n", "a\n").Should().BeEmpty();

    [Fact]
    public void A_new_file_is_all_added() =>
        UnifiedDiff.Write("/f", null, "a\nb\n").Should().Be("--- /dev/null\n+++ /f\n@@ -0,0 +1,2 @@\n+a\n+b\n");

    [Fact]
    public void A_change_has_three_lines_around_it() =>
        UnifiedDiff.Write("/f", "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n")
            .Should().Be("--- /f\n+++ /f\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n");

    [Fact]
    public void A_difference_holds_all_lines_of_one_side_that_the_other_lacks() =>
        Gen.Select(Gen.OneOf("a", "b", "c").Array[0, 8], Gen.OneOf("a", "b", "c").Array[0, 8]).Sample((before, after) =>
        {
            var lines = UnifiedDiff.Write("/f", string.Join('\n', before), string.Join('\n', after)).Split('\n').Skip(2).ToArray();
            var removed = lines.Count(line => line.StartsWith('-'));
            var added = lines.Count(line => line.StartsWith('+'));
            return added - removed == after.Length - before.Length;
        });
}
