// SPDX-License-Identifier: Apache-2.0

using System.Reflection;

namespace Hosting;

/// <summary>Which build this is: the file VERSION, and the commit if it was built from one.</summary>
public static class BuildVersion
{
    private static readonly string[] Parts =
        (Assembly.GetEntryAssembly()?.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0.0.0").Split('+', 2);

    /// <summary>For example <c>1.2.3</c>.</summary>
    public static string Version => Parts[0];

    /// <summary>The tag of the images of this build, for example <c>v1.2.3</c>.</summary>
    public static string ImageTag => $"v{Version}";

    /// <summary>For people: version and commit.</summary>
    public static string Text => Parts.Length > 1 ? $"{Version} (commit {Parts[1]})" : Version;
}
