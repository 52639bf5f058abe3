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

    /// <summary>On a ManagedResource: how long its deletion takes (<c>30s</c>), or <c>down</c> for a resource manager that does not run.</summary>
    private const string DelayAnnotation = "test.gvisor/delay";

    private static readonly TimeSpan ObjectsStillThere = TimeSpan.FromMilliseconds(500);

    // Once a minute and on changes of the objects in Gardener; nobody waits that long here.
    private static readonly TimeSpan HealthCheck = TimeSpan.FromSeconds(1);

    // When the deletion was first seen, by UID: the deletion timestamp has whole seconds only.
    private readonly ConcurrentDictionary<string, DateTimeOffset> _deletions = new(StringComparer.Ordinal);

    public async Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        var resource = await client.FindAsync(Resources.ManagedResources, key, cancellationToken);
        if (resource is null || !string.IsNullOrEmpty(resource.Spec.Class) || Annotation(resource) == "down")
        {
            return ReconcileResult.Done;
        }

        return resource.Metadata.DeletionTimestamp is null
            ? await ApplyAsync(key, resource, cancellationToken)
            : await DeleteAsync(key, resource, cancellationToken);
    }

    private static string? Annotation(ManagedResource resource) =>
        resource.Metadata.Annotations is { } annotations && annotations.TryGetValue(DelayAnnotation, out var value) ? value : null;

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
                    key, resource, [("ResourcesApplied", "False", "CannotReadSecret", $"secret {reference.Name} not found")], null, cancellationToken);
                throw new InvalidOperationException($"{key}: secret {reference.Name} not found");
            }

            data.AddRange(secret.Data ?? new Dictionary<string, byte[]>());
        }

        var checksum = Checksum(data);
        if (IsApplied(resource, checksum))
        {
            return await CheckHealthAsync(key, resource, cancellationToken);
        }

        resource = await PatchStatusAsync(
            key,
            resource,
            [
                ("ResourcesApplied", "Progressing", "ApplyProgressing", "The resources are currently being applied."),
                ("ResourcesHealthy", "Unknown", "ChecksPending", "The health checks have not yet been executed."),
                ("ResourcesProgressing", "Unknown", "ChecksPending", "The progressing checks have not yet been executed."),
            ],
            null,
            cancellationToken);

        // What can be read is applied, whatever else is wrong.
        var errors = new List<string>();
        var objects = Manifests.Decode(data, errors).Select(value => (Reference: TargetCluster.Prepare(value, resource.Spec.InjectLabels), Value: value)).ToList();
        var reason = errors.Count > 0 ? "DecodingFailed" : "ApplyFailed";
        var wanted = objects.Select(item => item.Reference).ToHashSet();
        foreach (var orphan in resource.Status.Resources.Where(reference => !wanted.Contains(reference)))
        {
            if (!await target.DeleteAsync(orphan, cancellationToken))
            {
                await PatchStatusAsync(key, resource, [("ResourcesApplied", "False", "DeletionPending", $"{orphan} still exists")], null, cancellationToken);
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
            await PatchStatusAsync(key, resource, [("ResourcesApplied", "False", reason, message)], null, cancellationToken);
            throw new InvalidOperationException($"{key}: {reason}: {message}");
        }

        await PatchStatusAsync(
            key,
            resource,
            [("ResourcesApplied", "True", "ApplySucceeded", "All resources are applied."), .. await HealthAsync(wanted, cancellationToken)],
            new JsonObject
            {
                ["observedGeneration"] = resource.Metadata.Generation,
                ["secretsDataChecksum"] = checksum,
                ["resources"] = JsonSerializer.SerializeToNode([.. wanted], ResourcesJson.Default.IReadOnlyListObjectReference),
            },
            cancellationToken);
        return target.HasNodes ? ReconcileResult.After(HealthCheck) : ReconcileResult.Done;
    }

    private async Task<ReconcileResult> CheckHealthAsync(ObjectKey key, ManagedResource resource, CancellationToken cancellationToken)
    {
        if (!target.HasNodes)
        {
            return ReconcileResult.Done;
        }

        var conditions = await HealthAsync(resource.Status.Resources, cancellationToken);
        if (!conditions.All(condition => resource.Status.Conditions.Any(old =>
            (old.Type, old.Status, old.Reason, old.Message) == (condition.Type, condition.Status, condition.Reason, condition.Message))))
        {
            await PatchStatusAsync(key, resource, conditions, null, cancellationToken);
        }

        return ReconcileResult.After(HealthCheck);
    }

    private async Task<(string Type, string Status, string Reason, string Message)[]> HealthAsync(
        IEnumerable<ObjectReference> references, CancellationToken cancellationToken)
    {
        var (unhealthy, progressing) = await target.HealthAsync(references, cancellationToken);
        return
        [
            unhealthy is null
                ? ("ResourcesHealthy", "True", "ResourcesHealthy", "All resources are healthy.")
                : ("ResourcesHealthy", "False", "DaemonSetUnhealthy", unhealthy),
            progressing is null
                ? ("ResourcesProgressing", "False", "ResourcesRolledOut", "All resources have been fully rolled out.")
                : ("ResourcesProgressing", "True", "DaemonSetProgressing", progressing),
        ];
    }

    private async Task<ReconcileResult> DeleteAsync(ObjectKey key, ManagedResource resource, CancellationToken cancellationToken)
    {
        var uid = resource.Metadata.Uid;
        if (resource.Metadata.Finalizers?.Contains(Finalizer) != true)
        {
            _deletions.TryRemove(uid, out _);
            return ReconcileResult.Done;
        }

        var now = time.GetUtcNow();
        var delay = Annotation(resource) is { } text ? ParseDelay(text) : deletionDelay;
        var remaining = _deletions.GetOrAdd(uid, now) + delay - now;
        if (resource.Spec.KeepObjects != true && remaining > TimeSpan.Zero)
        {
            if (resource.Status.Conditions.All(condition => condition.Reason != "DeletionPending"))
            {
                var message = $"Still in the shoot: {string.Join(", ", resource.Status.Resources)}";
                await PatchStatusAsync(key, resource, [("ResourcesApplied", "False", "DeletionPending", message)], null, cancellationToken);
            }

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

    /// <summary>Sets conditions; the other ones and, without <paramref name="more"/>, the other fields stay as they are.</summary>
    private Task<ManagedResource> PatchStatusAsync(
        ObjectKey key,
        ManagedResource resource,
        (string Type, string Status, string Reason, string Message)[] conditions,
        JsonObject? more,
        CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow().UtcDateTime;
        var updated = resource.Status.Conditions
            .Where(old => conditions.All(condition => condition.Type != old.Type))
            .Concat(conditions.Select(condition => new Condition(
                condition.Type, condition.Status, condition.Reason, condition.Message, TransitionTime(condition.Type, condition.Status), now)))
            .OrderBy(condition => condition.Type, StringComparer.Ordinal);
        var status = more ?? [];
        status["conditions"] = JsonSerializer.SerializeToNode([.. updated], ResourcesJson.Default.IReadOnlyListCondition);
        return client.PatchAsync(Resources.ManagedResources, key, Patch.Merge(new JsonObject { ["status"] = status }), "status", cancellationToken);

        DateTime TransitionTime(string type, string value) =>
            resource.Status.Conditions.FirstOrDefault(old => old.Type == type && old.Status == value)?.LastTransitionTime ?? now;
    }
}
