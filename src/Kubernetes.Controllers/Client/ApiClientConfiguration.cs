// SPDX-License-Identifier: Apache-2.0

namespace Kubernetes.Controllers.Client;

/// <summary>Where the API server is, how it is recognised, and as whom to talk to it.</summary>
public sealed record ApiClientConfiguration
{
    /// <summary>The API server's URL; a path in it is a prefix of every request.</summary>
    public required Uri Server { get; init; }

    /// <summary>PEM file of the certificate authorities that may have signed the server's certificate; read again for every connection.</summary>
    public string? CertificateAuthorityFile { get; init; }

    /// <summary>The certificate authorities in PEM. With neither this nor <see cref="CertificateAuthorityFile"/>, the system's apply.</summary>
    public string? CertificateAuthorityData { get; init; }

    /// <summary>The name that the server's certificate must have; null takes the URL's host.</summary>
    public string? TlsServerName { get; init; }

    /// <summary>Certificate and private key to authenticate with; files are read again for every connection.</summary>
    internal ClientCertificate? ClientCertificate { get; init; }

    /// <summary>Bearer token to authenticate with.</summary>
    public string? Token { get; init; }

    /// <summary>File with the bearer token; read again every minute, and when the server rejects the token.</summary>
    public string? TokenFile { get; init; }

    /// <summary>HTTP proxy through which the server is reached; null to connect directly.</summary>
    public Uri? Proxy { get; init; }

    /// <summary>The namespace that the context or the pod is in.</summary>
    public string DefaultNamespace { get; init; } = "default";

    /// <summary>How the program names itself, in logs of the API server and in managed fields.</summary>
    public string UserAgent { get; init; } = "kubernetes-controllers";

    /// <summary>How long any request but a watch may take, retries included.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// Finds the configuration: <paramref name="kubeconfig"/>, else the files that the environment variable KUBECONFIG names, else the pod's
    /// service account, else <c>$HOME/.kube/config</c>.
    /// </summary>
    /// <param name="kubeconfig">Path of a kubeconfig file; null or empty to look for one.</param>
    /// <param name="master">URL that replaces the one of the configuration; null or empty for none.</param>
    /// <exception cref="ConfigurationException">There is no configuration, or it is wrong.</exception>
    public static ApiClientConfiguration Load(string? kubeconfig = null, string? master = null) =>
        Load(kubeconfig, master, Environment.GetEnvironmentVariable, InClusterConfiguration.ServiceAccountDirectory);

    internal static ApiClientConfiguration Load(
        string? kubeconfig, string? master, Func<string, string?> environment, string serviceAccountDirectory)
    {
        var configuration = Find(kubeconfig, environment, serviceAccountDirectory);
        var server = string.IsNullOrEmpty(master) ? configuration.Server : ParseServer("master", master);
        return configuration with { Server = server, Proxy = configuration.Proxy ?? EnvironmentProxy.For(server, environment) };
    }

    /// <summary>The server alone: credentials must not reach a log.</summary>
    public override string ToString() => Server.ToString();

    internal static Uri ParseServer(string field, string value) =>
        Uri.TryCreate(value, UriKind.Absolute, out var server) && server.Scheme is "https" or "http"
            ? server
            : throw new ConfigurationException($"{field}: '{value}' is not an http or https URL");

    private static ApiClientConfiguration Find(string? kubeconfig, Func<string, string?> environment, string serviceAccountDirectory)
    {
        if (!string.IsNullOrEmpty(kubeconfig))
        {
            return Kubeconfig.Read([kubeconfig]);
        }

        if (environment("KUBECONFIG") is { Length: > 0 } paths)
        {
            return Kubeconfig.Read(paths.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries));
        }

        if (InClusterConfiguration.Find(environment, serviceAccountDirectory) is { } inCluster)
        {
            return inCluster;
        }

        var home = Path.Combine(environment("HOME") ?? "/", ".kube", "config");
        return File.Exists(home)
            ? Kubeconfig.Read([home])
            : throw new ConfigurationException(
                $"no access to a Kubernetes API: give a kubeconfig, set KUBECONFIG, run in a pod with a service account, or create {home}");
    }
}
