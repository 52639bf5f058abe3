// SPDX-License-Identifier: Apache-2.0

namespace Kubernetes.Controllers.Client;

/// <summary>The configuration that Kubernetes gives a pod: environment variables and the service account's mounted files.</summary>
internal static class InClusterConfiguration
{
    public const string ServiceAccountDirectory = "/var/run/secrets/kubernetes.io/serviceaccount";

    /// <summary>Null outside of a pod.</summary>
    public static ApiClientConfiguration? Find(Func<string, string?> environment, string serviceAccountDirectory)
    {
        var host = environment("KUBERNETES_SERVICE_HOST");
        var port = environment("KUBERNETES_SERVICE_PORT");
        var tokenFile = Path.Combine(serviceAccountDirectory, "token");
        if (string.IsNullOrEmpty(host) || string.IsNullOrEmpty(port) || !File.Exists(tokenFile))
        {
            return null;
        }

        var authority = host.Contains(':', StringComparison.Ordinal) ? $"[{host}]:{port}" : $"{host}:{port}";
        var namespaceFile = Path.Combine(serviceAccountDirectory, "namespace");
        return new ApiClientConfiguration
        {
            Server = ApiClientConfiguration.ParseServer("KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT", $"https://{authority}"),
            CertificateAuthorityFile = Path.Combine(serviceAccountDirectory, "ca.crt"),
            TokenFile = tokenFile,
            DefaultNamespace = File.Exists(namespaceFile) ? File.ReadAllText(namespaceFile).Trim() : "default",
        };
    }
}
