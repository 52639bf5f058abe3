// SPDX-License-Identifier: Apache-2.0

using System.Text.Json.Serialization.Metadata;
using k8s;
using k8s.Models;

namespace Kubernetes.Controllers.Client;

/// <summary>What the client must know of a resource: where it is served and how its objects are read and written.</summary>
/// <remarks>
/// <see cref="TypeInfo"/> comes from a source-generated context. Its options need
/// <see cref="Serialization.Rfc3339Converter"/> for the timestamps of <see cref="V1ObjectMeta"/>, should have
/// <see cref="Serialization.ManagedFieldsConverter"/> (nothing here reads managed fields), and should ignore null when writing.
/// Fields that <typeparamref name="T"/> does not have are skipped while decoding and cost no memory.
/// </remarks>
/// <typeparam name="T">A model type, or an own type with only the fields that are needed.</typeparam>
/// <param name="Group">The API group; empty for the core group.</param>
/// <param name="Version">The API version, for example <c>v1</c>.</param>
/// <param name="Plural">The resource's name in URLs, for example <c>secrets</c>.</param>
/// <param name="Kind">The kind of the objects, for example <c>Secret</c>.</param>
/// <param name="Namespaced">Whether objects live in a namespace.</param>
/// <param name="TypeInfo">How an object is read and written.</param>
public sealed record ResourceDefinition<T>(string Group, string Version, string Plural, string Kind, bool Namespaced, JsonTypeInfo<T> TypeInfo)
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    /// <summary><c>group/version</c>, or <c>version</c> for the core group.</summary>
    public string ApiVersion { get; } = Group.Length == 0 ? Version : $"{Group}/{Version}";

    /// <summary>Bodies and error details of Secrets never reach a message or a log.</summary>
    internal bool IsSecret => Group.Length == 0 && Plural == "secrets";

    /// <summary>What the server is asked to answer with for one object or an event of a watch.</summary>
    internal static string Accept => IsMetadataOnly ? "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1" : "application/json";

    /// <summary>What the server is asked to answer with for a list.</summary>
    internal static string AcceptList => IsMetadataOnly ? "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1" : "application/json";

    private static bool IsMetadataOnly => typeof(T) == typeof(PartialObjectMetadata);

    /// <summary>The URL path of one object, or of the collection when <paramref name="name"/> is null.</summary>
    internal string PathOf(string? @namespace, string? name, string? subresource = null)
    {
        var prefix = Group.Length == 0 ? "api/" : "apis/";
        var scope = Namespaced && !string.IsNullOrEmpty(@namespace) ? $"/namespaces/{Uri.EscapeDataString(@namespace)}/" : "/";
        if (name is null)
        {
            return $"{prefix}{ApiVersion}{scope}{Plural}";
        }

        if (name.Length == 0 || (Namespaced && string.IsNullOrEmpty(@namespace)))
        {
            throw new ArgumentException($"A {Kind} is named by {(Namespaced ? "a namespace and a name" : "a name")}, got '{new ObjectKey(@namespace ?? "", name)}'.", nameof(name));
        }

        return $"{prefix}{ApiVersion}{scope}{Plural}/{Uri.EscapeDataString(name)}{(subresource is null ? "" : "/")}{subresource}";
    }
}
