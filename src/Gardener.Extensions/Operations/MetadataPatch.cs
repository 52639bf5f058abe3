// SPDX-License-Identifier: Apache-2.0

using System.Text.Json.Nodes;
using Gardener.Extensions.Api;
using Kubernetes.Controllers.Client;

namespace Gardener.Extensions.Operations;

/// <summary>
/// Collects changes of an object's finalizers and operation annotation into one merge patch. Merge patches replace lists, so the
/// whole list of finalizers is sent; annotations are removed by key, which keeps those that others add at the same time.
/// </summary>
internal sealed class MetadataPatch(IExtensionObject value)
{
    private readonly JsonObject _metadata = [];

    public bool IsEmpty => _metadata.Count == 0;

    public void RemoveOperationAnnotation() => _metadata["annotations"] = new JsonObject { [GardenerAnnotations.Operation] = null };

    public void AddFinalizer(string finalizer)
    {
        if (!value.HasFinalizer(finalizer))
        {
            _metadata["finalizers"] = Names([.. value.Metadata.Finalizers ?? [], finalizer]);
        }
    }

    public void RemoveFinalizer(string finalizer)
    {
        if (value.HasFinalizer(finalizer))
        {
            _metadata["finalizers"] = Names(value.Metadata.Finalizers!.Where(name => name != finalizer));
        }
    }

    /// <summary>Also foreign ones: after a migration nothing in this seed may hold the object (Gardener contract 2.6: migrate).</summary>
    public void RemoveAllFinalizers() => _metadata["finalizers"] = null;

    /// <summary>The server refuses the patch when somebody else wrote since the object was read.</summary>
    public Patch WithResourceVersion()
    {
        _metadata["resourceVersion"] = value.Metadata.ResourceVersion;
        return WithoutResourceVersion();
    }

    /// <summary>The patch holds whatever the object looks like by now.</summary>
    public Patch WithoutResourceVersion() => Patch.Merge(new JsonObject { ["metadata"] = _metadata });

    private static JsonArray Names(IEnumerable<string> names)
    {
        var array = new JsonArray();
        foreach (var name in names)
        {
            array.Add((JsonNode)name);
        }

        return array;
    }
}
