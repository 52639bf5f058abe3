// SPDX-License-Identifier: Apache-2.0

namespace Kubernetes.Controllers.Client;

/// <summary>Text in PEM, or the file that has it.</summary>
/// <param name="data">The text; null if it is in a file.</param>
/// <param name="file">The file's path; null if the text is given.</param>
internal sealed class PemSource(string? data, string? file)
{
    /// <summary>The text as it is now.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public string Read() => data ?? File.ReadAllText(file!);
}
