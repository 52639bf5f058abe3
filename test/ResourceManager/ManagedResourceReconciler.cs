// SPDX-License-Identifier: Apache-2.0

using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Kubernetes.Controllers.Client;
using Kubernetes.Controllers.Reconciling;
using k8s.Models;

namespace ResourceManager;

/// <summary>
/// What gardener-resource-manager does with one ManagedResource, as far as an extension can see it (Gardener contract 4.7).
/// </summary>
/// <param name="client">The seed.</param>
/// <param name="target">The shoot.</param>
/// <param name="deletionDelay">How long a deletion takes in which nothing goes wrong.</param>
/// <param name="time">Conditions and delays.</param>
internal sealed class ManagedResourceReconciler(IApiClient client, TargetCluster target, TimeSpan deletionDelay, TimeProvider time) : IReconciler
{
    private const string Finalizer = "resources.gardener.cloud/gardener-resource-manager";

    private const string DeletionMessage = "The resources are currently being deleted.";

    private static readonly TimeSpan ObjectsStillThere = TimeSpan.FromMilliseconds(500);

    // When the deletion was first seen, by UID: the deletion timestamp has whole seconds only.
    private readonly ConcurrentDictionary<string, DateTimeOffset> _deletions = new(StringComparer.Ordinal);

    public async Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        var resource = await client.FindAsync(Resources.ManagedResources, key, cancellationToken);
        if (resource is null || !resource.IsManaged)
        {
            return ReconcileResult.Done;
        }

        if (resource.Metadata.DeletionTimestamp is not null)
        {
            return await DeleteAsync(key, resource, cancellationToken);
        }

        if (resource.IsIgnored)
        {
            await PatchStatusAsync(
                key, resource, [Ignored(Condition.Applied, "True"), Ignored(Condition.Healthy, "True"), Ignored(Condition.Progressing, "False")], null, cancellationToken);
            return ReconcileResult.Done;
        }

        return await ApplyAsync(key, resource, cancellationToken);
    }

    private static ConditionUpdate Ignored(string type, string status) => new(type, status, "ManagedResourceIgnored", "ManagedResource is marked to be ignored.");

    private async Task<ReconcileResult> ApplyAsync(ObjectKey key, ManagedResource resource, CancellationToken cancellationToken)
    {
        if (resource.Metadata.Finalizers?.Contains(Finalizer) != true)
        {
            resource = await PatchFinalizersAsync(key, resource, [.. resource.Metadata.Finalizers ?? [], Finalizer], cancellationToken);
        }

        var data = new List<KeyValuePair<string, byte[]>>();
        foreach (var reference in resource.Spec.SecretRefs)
        {
            var secret = await client.FindAsync(Resources.Secrets, new ObjectKey(key.Namespace, reference.Name), cancellationToken);
            if (secret is null)
            {
                await PatchStatusAsync(
                    key, resource, [new(Condition.Applied, "False", "CannotReadSecret", $"secret {reference.Name} not found")], null, cancellationToken);
                throw new InvalidOperationException($"{key}: secret {reference.Name} not found");
            }

            data.AddRange(secret.Data ?? new Dictionary<string, byte[]>());
        }

        var checksum = Checksum(data);
        if (IsApplied(resource, checksum))
        {
            return ReconcileResult.Done;
        }

        // What can be read is applied, whatever else is wrong.
        var errors = new List<string>();
        var objects = Manifests.Decode(data, errors).Select(value => (Reference: TargetCluster.Prepare(value, resource.Spec.InjectLabels), Value: value)).ToList();
        var decodingErrors = string.Join("; ", errors);
        errors.Clear();
        var references = JsonSerializer.SerializeToNode([.. objects.Select(item => item.Reference)], ResourcesJson.Default.IReadOnlyListObjectReference);
        if (resource.Status.SecretsDataChecksum != checksum
            || !JsonNode.DeepEquals(references, JsonSerializer.SerializeToNode(resource.Status.Resources, ResourcesJson.Default.IReadOnlyListObjectReference)))
        {
            resource = await PatchStatusAsync(key, resource, InvalidatedConditions(resource), null, cancellationToken);
        }

        foreach (var orphan in resource.Status.Resources.Where(reference => !objects.Exists(item => item.Reference.Equals(reference))))
        {
            if (!await target.DeleteAsync(orphan, cancellationToken))
            {
                await PatchStatusAsync(key, resource, [DeletionPending($"Could not clean all old resources: {orphan} is still present")], null, cancellationToken);
                return ReconcileResult.After(ObjectsStillThere);
            }
        }

        foreach (var (reference, value) in objects)
        {
            try
            {
                var applied = resource.Status.Resources.FirstOrDefault(reference.Equals);
                await target.ApplyAsync(new DesiredObject(reference, value, applied, Origin: key.ToString()), cancellationToken);
            }
            catch (ApiException exception)
            {
                errors.Add($"{reference}: {exception.Message}");
            }
        }

        if (errors.Count > 0)
        {
            var message = string.Join("; ", errors);
            await PatchStatusAsync(key, resource, [new(Condition.Applied, "False", "ApplyFailed", message)], null, cancellationToken);
            throw new InvalidOperationException($"{key}: ApplyFailed: {message}");
        }

        await PatchStatusAsync(
            key,
            resource,
            [
                decodingErrors.Length > 0
                    ? new(Condition.Applied, "False", "DecodingFailed", $"Could not decode all new resources: {decodingErrors}")
                    : new(Condition.Applied, "True", "ApplySucceeded", "All resources are applied."),
            ],
            new JsonObject
            {
                ["observedGeneration"] = resource.Metadata.Generation,
                ["secretsDataChecksum"] = checksum,
                ["resources"] = references,
            },
            cancellationToken);
        return ReconcileResult.Done;
    }

    /// <summary>What was said of other objects than the present ones is not true any more. Why the last attempt failed is still of interest.</summary>
    private static ConditionUpdate[] InvalidatedConditions(ManagedResource resource) =>
    [
        resource.ConditionOf(Condition.Applied) is { Reason: "ApplyFailed" or "DeletionFailed" or "DeletionPending" } failed
            ? new(Condition.Applied, "Progressing", failed.Reason, failed.Message)
            : new(Condition.Applied, "Progressing", "ApplyProgressing", "The resources are currently being reconciled."),
        new(Condition.Healthy, "Unknown", "ChecksPending", "The health checks have not yet been executed for the current set of resources."),
        new(Condition.Progressing, "Unknown", "ChecksPending", "Checks have not yet been executed for the current set of resources."),
    ];

    private static ConditionUpdate DeletionPending(string message) => new(Condition.Applied, "Progressing", "DeletionPending", message);

    private async Task<ReconcileResult> DeleteAsync(ObjectKey key, ManagedResource resource, CancellationToken cancellationToken)
    {
        var uid = resource.Metadata.Uid;
        if (resource.Metadata.Finalizers?.Contains(Finalizer) != true)
        {
            _deletions.TryRemove(uid, out _);
            return ReconcileResult.Done;
        }

        resource = await PatchStatusAsync(
            key,
            resource,
            [
                new(Condition.Healthy, "False", "DeletionPending", DeletionMessage),
                new(Condition.Progressing, "True", "DeletionPending", DeletionMessage),
                resource.ConditionOf(Condition.Applied) is { Reason: "DeletionPending" } pending ? DeletionPending(pending.Message) : DeletionPending(DeletionMessage),
            ],
            null,
            cancellationToken);
        var now = time.GetUtcNow();
        var delay = resource.AnnotationOf(ManagedResource.DelayAnnotation) is { } text ? ParseDelay(text) : deletionDelay;
        var remaining = _deletions.GetOrAdd(uid, now) + delay - now;
        if (resource.Spec.KeepObjects != true && remaining > TimeSpan.Zero)
        {
            await PatchStatusAsync(
                key, resource, [DeletionPending($"Still in the shoot: {string.Join(", ", resource.Status.Resources)}")], null, cancellationToken);
            return ReconcileResult.After(remaining);
        }

        if (resource.Spec.KeepObjects != true)
        {
            var gone = true;
            foreach (var reference in resource.Status.Resources)
            {
                gone &= await target.DeleteAsync(reference, cancellationToken);
            }

            if (!gone)
            {
                return ReconcileResult.After(ObjectsStillThere);
            }
        }

        _deletions.TryRemove(uid, out _);
        await PatchFinalizersAsync(key, resource, [.. resource.Metadata.Finalizers.Where(name => name != Finalizer)], cancellationToken);
        return ReconcileResult.Done;
    }

    private static bool IsApplied(ManagedResource resource, string checksum) =>
        resource.Status.ObservedGeneration == resource.Metadata.Generation && resource.Status.SecretsDataChecksum == checksum
        && resource.Status.Conditions.Any(condition => condition is { Type: "ResourcesApplied", Status: "True" });

    private static string Checksum(IEnumerable<KeyValuePair<string, byte[]>> data)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (key, value) in data.OrderBy(entry => entry.Key, StringComparer.Ordinal))
        {
            hash.AppendData(Encoding.UTF8.GetBytes(key));
            hash.AppendData(value);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>A number of seconds with the unit: <c>0.5s</c>.</summary>
    public static TimeSpan ParseDelay(string text) =>
        text.EndsWith('s') && double.TryParse(text[..^1], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds)
            ? TimeSpan.FromSeconds(seconds)
            : throw new FormatException($"delay '{text}': want a number of seconds like 5s or 0.5s");

    private Task<ManagedResource> PatchFinalizersAsync(ObjectKey key, ManagedResource resource, string[] finalizers, CancellationToken cancellationToken) =>
        client.PatchAsync(
            Resources.ManagedResources,
            key,
            Patch.Merge(new JsonObject
            {
                ["metadata"] = new JsonObject
                {
                    ["resourceVersion"] = resource.Metadata.ResourceVersion,
                    ["finalizers"] = new JsonArray([.. finalizers.Select(name => JsonValue.Create(name))]),
                },
            }),
            null,
            cancellationToken);

    private Task<ManagedResource> PatchStatusAsync(
        ObjectKey key, ManagedResource resource, IReadOnlyList<ConditionUpdate> updates, JsonObject? fields, CancellationToken cancellationToken) =>
        client.WriteConditionsAsync(key, resource, updates, fields, time, cancellationToken);
}
