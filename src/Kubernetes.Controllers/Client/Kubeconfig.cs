// SPDX-License-Identifier: Apache-2.0

using System.Text;
using System.Text.Json.Nodes;
using Kubernetes.Controllers.Serialization;

namespace Kubernetes.Controllers.Client;

/// <summary>Reads kubeconfig files. What cannot be honoured is an error that names the field, never silently ignored.</summary>
internal static class Kubeconfig
{
    /// <summary>Reads the current context of the files; of things with the same name, the first counts, as for kubectl.</summary>
    public static ApiClientConfiguration Read(IReadOnlyList<string> paths)
    {
        var files = paths.Where(File.Exists).Select(ReadFile).ToList();
        var source = string.Join(Path.PathSeparator, paths);
        if (files.Count == 0)
        {
            throw new ConfigurationException($"kubeconfig: {source} does not exist");
        }

        var contextName = files.Select(file => file.Text("current-context")).FirstOrDefault(name => !string.IsNullOrEmpty(name))
            ?? throw new ConfigurationException($"{source}: current-context is not set");
        var context = Find(files, source, "contexts", "context", contextName);
        var cluster = Find(files, source, "clusters", "cluster", context.Require("cluster"));
        var user = context.Text("user") is { Length: > 0 } userName ? Find(files, source, "users", "user", userName) : null;

        cluster.Reject("insecure-skip-tls-verify", "the server's certificate is always checked; give certificate-authority or certificate-authority-data");
        user?.Reject("exec", "give token, tokenFile or a client certificate");
        user?.Reject("auth-provider", "give token, tokenFile or a client certificate");
        user?.Reject("username", "give token, tokenFile or a client certificate");
        user?.Reject("password", "give token, tokenFile or a client certificate");
        foreach (var field in (string[])["as", "as-uid", "as-groups", "as-user-extra"])
        {
            user?.Reject(field, "impersonation is not implemented");
        }

        return new ApiClientConfiguration
        {
            Server = ApiClientConfiguration.ParseServer($"{cluster.Path}.server", cluster.Require("server")),
            CertificateAuthorityFile = cluster.FilePath("certificate-authority"),
            CertificateAuthorityData = cluster.Base64("certificate-authority-data"),
            TlsServerName = cluster.Text("tls-server-name"),
            ClientCertificate = user is null ? null : ClientCertificate(user),
            Token = user?.Text("token"),
            TokenFile = user?.FilePath("tokenFile"),
            Proxy = cluster.Text("proxy-url") is { Length: > 0 } proxy ? ApiClientConfiguration.ParseServer($"{cluster.Path}.proxy-url", proxy) : null,
            DefaultNamespace = context.Text("namespace") is { Length: > 0 } @namespace ? @namespace : "default",
        };
    }

    private static Section ReadFile(string path)
    {
        try
        {
            return YamlDocuments.Read(File.ReadAllText(path)) is [JsonObject root, ..]
                ? new Section(root, path, Path.GetDirectoryName(Path.GetFullPath(path))!)
                : throw new ConfigurationException($"{path}: not a kubeconfig (no mapping at the top)");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"{path}: {exception.Message}", exception);
        }
        catch (FormatException exception)
        {
            throw new ConfigurationException($"{path}: not YAML, {exception.Message}", exception);
        }
    }

    private static Section Find(List<Section> files, string source, string list, string kind, string name)
    {
        foreach (var file in files)
        {
            if (file.Named(list, kind, name) is { } found)
            {
                return found;
            }
        }

        throw new ConfigurationException($"{source}: {list} has no {kind} '{name}'");
    }

    private static ClientCertificate? ClientCertificate(Section user)
    {
        var certificate = user.Pem("client-certificate", "client-certificate-data");
        var key = user.Pem("client-key", "client-key-data");
        if (certificate is null && key is null)
        {
            return null;
        }

        if (certificate is null || key is null)
        {
            throw new ConfigurationException($"{user.Path}: client certificate and client key must be given together");
        }

        var client = new ClientCertificate(user.Path, certificate, key);
        client.Read().Dispose();
        return client;
    }

    /// <summary>A mapping of the file and where it is, for messages.</summary>
    private sealed record Section(JsonObject Node, string Path, string Directory)
    {
        public string? Text(string field) =>
            Node[field] is not { } value ? null
            : value is JsonValue scalar && scalar.TryGetValue(out string? text) ? text
            : throw new ConfigurationException($"{Path}.{field}: must be a string");

        public string Require(string field) => Text(field) is { Length: > 0 } value ? value : throw new ConfigurationException($"{Path}.{field}: must be set");

        public void Reject(string field, string reason)
        {
            if (Node[field] is { } value && value.ToJsonString() is not ("false" or "\"\"" or "[]" or "{}"))
            {
                throw new ConfigurationException($"{Path}.{field}: not supported; {reason}");
            }
        }

        public string? FilePath(string field) =>
            Text(field) is { Length: > 0 } path ? System.IO.Path.GetFullPath(System.IO.Path.Combine(Directory, path)) : null;

        public string? Base64(string field)
        {
            try
            {
                return Text(field) is { Length: > 0 } value ? Encoding.UTF8.GetString(Convert.FromBase64String(value)) : null;
            }
            catch (FormatException exception)
            {
                throw new ConfigurationException($"{Path}.{field}: not base64", exception);
            }
        }

        /// <summary>PEM text in the data field, which wins, or in the file.</summary>
        public PemSource? Pem(string fileField, string dataField) =>
            Base64(dataField) is { } data ? new PemSource(data, null)
            : FilePath(fileField) is { } path ? new PemSource(null, path)
            : null;

        public Section? Named(string list, string kind, string name)
        {
            var entry = (Node[list] as JsonArray)?.OfType<JsonObject>().FirstOrDefault(entry => new Section(entry, $"{Path}: {list}", Directory).Text("name") == name);
            var path = $"{Path}: {list}[{name}].{kind}";
            return entry is null ? null
                : entry[kind] is JsonObject body ? new Section(body, path, Directory)
                : throw new ConfigurationException($"{path}: must be set");
        }
    }
}
