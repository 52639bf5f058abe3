// SPDX-License-Identifier: Apache-2.0

using System.Net;

namespace Kubernetes.Controllers.Client;

/// <summary>The proxy that <c>HTTPS_PROXY</c>, <c>HTTP_PROXY</c> and <c>NO_PROXY</c> name for a server, by the rules of Go programs such as kubectl.</summary>
internal static class EnvironmentProxy
{
    /// <summary>Null to connect directly.</summary>
    public static Uri? For(Uri server, Func<string, string?> environment)
    {
        var name = server.Scheme == Uri.UriSchemeHttps ? "HTTPS_PROXY" : "HTTP_PROXY";
        if (Read(name) is not { Length: > 0 } proxy || server.IsLoopback || IsExcluded(server, Read("NO_PROXY") ?? ""))
        {
            return null;
        }

        var url = proxy.Contains("://", StringComparison.Ordinal) ? proxy : $"http://{proxy}";
        return Uri.TryCreate(url, UriKind.Absolute, out var address) && address.Scheme is "http" or "https"
            ? address
            : throw new ConfigurationException($"{name}: '{proxy}' is not an http or https URL");

        string? Read(string variable) => environment(variable) is { Length: > 0 } value ? value : environment(variable.ToLowerInvariant());
    }

    private static bool IsExcluded(Uri server, string exceptions) => exceptions
        .Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
        .Any(exception => exception == "*" || Covers(exception, server.IdnHost, server.Port));

    /// <summary>An exception is an address, a range of addresses, or a domain with its subdomains; each but a range may name a port.</summary>
    private static bool Covers(string exception, string host, int port)
    {
        var address = IPAddress.TryParse(host, out var parsed) ? parsed : null;
        if (IPNetwork.TryParse(exception, out var range))
        {
            return address is not null && range.Contains(address);
        }

        if (IPAddress.TryParse(exception, out var single))
        {
            return single.Equals(address);
        }

        var colon = exception.LastIndexOf(':');
        if (colon > 0)
        {
            return exception[(colon + 1)..] == $"{port}" && Covers(exception[..colon].Trim('[', ']'), host, port);
        }

        var domain = exception.TrimStart('*');
        return host.EndsWith(domain.StartsWith('.') ? domain : $".{domain}", StringComparison.OrdinalIgnoreCase)
            || host.Equals(domain, StringComparison.OrdinalIgnoreCase);
    }
}
