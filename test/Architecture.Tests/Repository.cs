// SPDX-License-Identifier: Apache-2.0

namespace Architecture.Tests;

/// <summary>The repository that the tests were built from.</summary>
internal static class Repository
{
    public static string Root { get; } = Find();

    private static string Find()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory.FullName, "global.json")))
        {
            directory = directory.Parent ?? throw new InvalidOperationException("The repository's root was not found.");
        }

        return directory.FullName;
    }
}
