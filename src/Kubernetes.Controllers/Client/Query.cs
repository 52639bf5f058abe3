// SPDX-License-Identifier: Apache-2.0

using System.Text;

namespace Kubernetes.Controllers.Client;

/// <summary>A path with query parameters.</summary>
internal sealed class Query(string path)
{
    private readonly StringBuilder _text = new(path);
    private char _separator = '?';

    /// <summary>Adds a parameter unless it has no value.</summary>
    public void Add(string name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            _text.Append(_separator).Append(name).Append('=').Append(Uri.EscapeDataString(value));
            _separator = '&';
        }
    }

    public override string ToString() => _text.ToString();
}
