// SPDX-License-Identifier: Apache-2.0

namespace Kubernetes.Controllers.Serialization;

/// <summary>A text is not YAML, or uses what JSON cannot express; the message begins with the place.</summary>
/// <param name="line">The line, from 1.</param>
/// <param name="column">The column, from 1.</param>
/// <param name="problem">What is wrong there.</param>
/// <param name="innerException">The parser's own; null if there is none.</param>
public sealed class YamlFormatException(long line, long column, string problem, Exception? innerException = null)
    : FormatException($"line {line}, column {column}: {problem}", innerException)
{
    /// <summary>The line, from 1.</summary>
    public long Line { get; } = line;

    /// <summary>The column, from 1.</summary>
    public long Column { get; } = column;

    /// <summary>What is wrong there, without the place.</summary>
    public string Problem { get; } = problem;
}
