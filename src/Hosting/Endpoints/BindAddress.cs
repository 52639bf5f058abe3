// SPDX-License-Identifier: Apache-2.0

using System.Globalization;
using System.Net;

namespace Hosting.Endpoints;

/// <summary>Where an endpoint listens.</summary>
/// <param name="EndPoint">Address and port; port 0 takes a free one.</param>
public sealed record BindAddress(IPEndPoint EndPoint)
{
    /// <summary>Reads <c>:8080</c> (all addresses), <c>127.0.0.1:8080</c> or <c>[::1]:8080</c>.</summary>
    /// <param name="text">The address. Empty or <c>0</c>: the endpoint is off.</param>
    /// <returns>The address; null if the endpoint is off.</returns>
    /// <exception cref="FormatException">It is none of these.</exception>
    public static BindAddress? Parse(string text)
    {
        if (text is "" or "0")
        {
            return null;
        }

        var separator = text.LastIndexOf(':');
        if (separator >= 0 && ushort.TryParse(text.AsSpan(separator + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port))
        {
            var host = text[..separator];
            if (host.Length == 0)
            {
                return new BindAddress(new IPEndPoint(IPAddress.IPv6Any, port));
            }

            var isBracketed = host.StartsWith('[') && host.EndsWith(']');
            if (IPAddress.TryParse(isBracketed ? host[1..^1] : host, out var address) && isBracketed == host.Contains(':', StringComparison.Ordinal))
            {
                return new BindAddress(new IPEndPoint(address, port));
            }
        }

        throw new FormatException($"'{text}' is no address to listen on; allowed are :PORT, IPV4:PORT, [IPV6]:PORT, and 0 for none");
    }

    /// <summary>Address and port.</summary>
    public override string ToString() => EndPoint.ToString();
}
