// SPDX-License-Identifier: Apache-2.0

using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Kubernetes.Controllers.Client;
using Kubernetes.Controllers.Serialization;
using Microsoft.Extensions.Logging;
using k8s;
using k8s.Models;

namespace Kubernetes.Controllers.Events;

/// <summary>
/// Writes core/v1 Events in the background, one after the other. An object's event of the same reason and message is written once, and
/// again when the message was another one meanwhile or after <see cref="RepeatAfter"/>. The name of an Event follows from what it says, so
/// that another process counts the same Event up instead of adding one.
/// </summary>
/// <param name="client">The API server. The rights to create and to patch events are enough.</param>
/// <param name="component">The program that reports, for example <c>widget-controller</c>.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Gets what could not be written, at level debug.</param>
public sealed partial class EventRecorder(IApiClient client, string component, TimeProvider time, ILogger logger) : IEventRecorder
{
    /// <summary>Events that wait to be written; more are left out.</summary>
    private const int Capacity = 1000;

    /// <summary>The limit of the newer API for events, in characters.</summary>
    private const int MaxMessageLength = 1024;

    private static readonly ResourceDefinition<Corev1Event> Events = new(
        "", "v1", "events", "Event", Namespaced: true, KubernetesJsonContext.Default.Corev1Event);

    private readonly Channel<Corev1Event> _waiting = Channel.CreateBounded<Corev1Event>(new BoundedChannelOptions(Capacity) { SingleReader = true });
    private readonly Lock _lock = new();
    private readonly Dictionary<(string Uid, string Reason), Recorded> _recorded = [];
    private DateTimeOffset _forgottenAt = time.GetUtcNow();

    /// <summary>When the same is said again: an hour, as long as API servers keep an Event.</summary>
    public static TimeSpan RepeatAfter { get; } = TimeSpan.FromHours(1);

    /// <inheritdoc/>
    public void Record(IKubernetesObject<V1ObjectMeta> value, EventType type, string reason, string message)
    {
        var now = time.GetUtcNow();
        var key = (value.Metadata.Uid ?? "", reason);
        var text = message.Length <= MaxMessageLength ? message : $"{message.AsSpan(0, MaxMessageLength - 1)}…";
        lock (_lock)
        {
            ForgetOutdated(now);
            if (_recorded.TryGetValue(key, out var last) && last.Message == text && now - last.At < RepeatAfter)
            {
                return;
            }

            if (_waiting.Writer.TryWrite(New(value, type, reason, text, now)))
            {
                _recorded[key] = new Recorded(text, now);
            }
        }
    }

    /// <summary>Writes what was recorded until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await foreach (var value in _waiting.Reader.ReadAllAsync(cancellationToken))
        {
            try
            {
                await WriteAsync(value, cancellationToken);
            }
            catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
            {
                // Of an object in a namespace that is going, for example.
                LogNotWritten(value.Reason, ObjectKey.Of(value), exception);
            }
        }
    }

    private async Task WriteAsync(Corev1Event value, CancellationToken cancellationToken)
    {
        try
        {
            await client.CreateAsync(Events, value, cancellationToken);
        }
        catch (ApiException exception) when (exception.IsAlreadyExists)
        {
            // There is no right to read events: the answer to the first patch tells the count.
            var key = ObjectKey.Of(value);
            var again = new DateTimeOffset(value.LastTimestamp!.Value, TimeSpan.Zero);
            var existing = await client.PatchAsync(
                Events, key, Patch.Merge(new JsonObject { ["lastTimestamp"] = MicroTime.ToText(again) }), null, cancellationToken);
            await client.PatchAsync(Events, key, Patch.Merge(new JsonObject { ["count"] = (existing.Count ?? 1) + 1 }), null, cancellationToken);
        }
    }

    private Corev1Event New(IKubernetesObject<V1ObjectMeta> value, EventType type, string reason, string message, DateTimeOffset now) => new()
    {
        Metadata = new V1ObjectMeta
        {
            NamespaceProperty = value.Metadata.NamespaceProperty,
            Name = $"{value.Metadata.Name}.{HashOf($"{value.Metadata.Uid}\n{type}\n{reason}\n{message}")}",
        },
        InvolvedObject = new V1ObjectReference
        {
            ApiVersion = value.ApiVersion,
            Kind = value.Kind,
            NamespaceProperty = value.Metadata.NamespaceProperty,
            Name = value.Metadata.Name,
            Uid = value.Metadata.Uid,
            ResourceVersion = value.Metadata.ResourceVersion,
        },
        Type = type.ToString(),
        Reason = reason,
        Message = message,
        Source = new V1EventSource { Component = component },
        ReportingComponent = component,
        ReportingInstance = Environment.MachineName,
        FirstTimestamp = now.UtcDateTime,
        LastTimestamp = now.UtcDateTime,
        Count = 1,
    };

    private static string HashOf(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 8));

    private void ForgetOutdated(DateTimeOffset now)
    {
        if (now - _forgottenAt < RepeatAfter)
        {
            return;
        }

        _forgottenAt = now;
        foreach (var (key, last) in _recorded)
        {
            if (now - last.At >= RepeatAfter)
            {
                _recorded.Remove(key);
            }
        }
    }

    private readonly record struct Recorded(string Message, DateTimeOffset At);

    [LoggerMessage(Level = LogLevel.Debug, Message = "The event {Reason} could not be written as {Event}")]
    private partial void LogNotWritten(string reason, ObjectKey @event, Exception exception);
}
