// SPDX-License-Identifier: Apache-2.0

namespace NodeTestBed;

/// <summary>What gardener-node-agent does to containerd's configuration: it decodes it and writes it again, without comments, in its own form.</summary>
public static class NodeAgent
{
    public static string Rewrite(string configuration)
    {
        var lines = configuration.Split('\n')
            .Select(line => line.Trim())
            .Where(line => line.Length > 0 && !line.StartsWith('#'))
            .Select(line => line.StartsWith('[') ? $"\n{line.Replace('"', '\'')}" : line.Replace(" = \"", " = '", StringComparison.Ordinal))
            .Select(line => line.Contains(" = '", StringComparison.Ordinal) ? string.Concat(line.AsSpan(0, line.Length - 1), "'") : line);
        return string.Join('\n', lines) + "\n";
    }
}
