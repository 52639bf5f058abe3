// SPDX-License-Identifier: Apache-2.0

using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Kubernetes.Controllers.Client;
using Kubernetes.Controllers.Queueing;
using Kubernetes.Controllers.Serialization;
using Microsoft.Extensions.Logging;
using k8s;
using k8s.Models;

namespace Kubernetes.Controllers.Events;

/// <summary>
/// Writes core/v1 Events in the background, one after the other. An object's event of the same reason and message is written once, and
/// again when the message was another one meanwhile or after <see cref="RepeatAfter"/>. The name of an Event follows from what it says, so
/// that another process counts the same Event up instead of adding one. Of one object at most <see cref="Burst"/> events are written at once and then one
/// in five minutes, as client-go does. An event that could not be written does not count as said.
/// </summary>
/// <param name="client">The API server. The rights to create and to patch events are enough.</param>
/// <param name="component">The program that reports, for example <c>widget-controller</c>.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Gets what could not be written: the first failure in a row as a warning, the others at level debug.</param>
public sealed partial class EventRecorder(IApiClient client, string component, TimeProvider time, ILogger logger) : IEventRecorder
{
    /// <summary>Events that wait to be written; more are left out.</summary>
    private const int Capacity = 1000;

    /// <summary>The limit of the newer API for events, in characters.</summary>
    private const int MaxMessageLength = 1024;

    /// <summary>An Event's name is the object's with a dot and 16 digits; the API server takes 253 characters.</summary>
    private const int MaxNameLength = 253 - 17;

    /// <summary>How often an event is sent to a server that does not answer.</summary>
    private const int MaxAttempts = 12;

    private static readonly TimeSpan InitialBackOff = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MaxBackOff = TimeSpan.FromSeconds(30);

    private static readonly ResourceDefinition<Corev1Event> Events = new(
        "", "v1", "events", "Event", Namespaced: true, KubernetesJsonContext.Default.Corev1Event);

    private readonly Channel<Pending> _waiting = Channel.CreateBounded<Pending>(new BoundedChannelOptions(Capacity) { SingleReader = true });
    private readonly Lock _lock = new();
    private readonly Dictionary<(string Uid, string Reason), Recorded> _recorded = [];
    private readonly Dictionary<string, Budget> _budgets = [];
    private DateTimeOffset _forgottenAt = time.GetUtcNow();
    private bool _isFailing;

    /// <summary>When the same is said again: an hour, as long as API servers keep an Event.</summary>
    public static TimeSpan RepeatAfter { get; } = TimeSpan.FromHours(1);

    /// <summary>How many different events of one object are written without a pause.</summary>
    public static int Burst => 25;

    private static TimeSpan RefillTime { get; } = TimeSpan.FromMinutes(5);

    /// <inheritdoc/>
    public void Record(IKubernetesObject<V1ObjectMeta> value, EventType type, string reason, string message)
    {
        var now = time.GetUtcNow();
        var key = (value.Metadata.Uid ?? "", reason);
        var text = message.Length <= MaxMessageLength ? message : $"{message.AsSpan(0, MaxMessageLength - 1)}…";
        lock (_lock)
        {
            ForgetOutdated(now);
            if ((_recorded.TryGetValue(key, out var last) && last.Message == text && now - last.At < RepeatAfter) || !TrySpend(key.Item1, now))
            {
                return;
            }

            if (_waiting.Writer.TryWrite(new Pending(key, New(value, type, reason, text, now))))
            {
                _recorded[key] = new Recorded(text, now);
            }
        }
    }

    /// <summary>Nothing is recorded any more: <see cref="RunAsync"/> ends when it has written what there is.</summary>
    public void Complete() => _waiting.Writer.TryComplete();

    /// <summary>Writes what was recorded until it is cancelled or all has been written after <see cref="Complete"/>.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await foreach (var pending in _waiting.Reader.ReadAllAsync(cancellationToken))
        {
            try
            {
                await WriteWithRetriesAsync(pending.Event, cancellationToken);
                _isFailing = false;
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                throw;
            }
            catch (Exception exception)
            {
                // Of an object in a namespace that is going, for example. Whoever says it again is heard.
                LogNotWritten(_isFailing ? LogLevel.Debug : LogLevel.Warning, pending.Event.Reason, ObjectKey.Of(pending.Event), exception);
                _isFailing = true;
                lock (_lock)
                {
                    _recorded.Remove(pending.Key);
                }
            }
        }
    }

    private async Task WriteWithRetriesAsync(Corev1Event value, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await WriteAsync(value, cancellationToken);
                return;
            }
            catch (Exception exception) when (attempt < MaxAttempts && exception is HttpRequestException or TimeoutException)
            {
                await Task.Delay(BackOff.Exponential(InitialBackOff, MaxBackOff, attempt - 1), time, cancellationToken);
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
            // The API server wants it so for objects without a namespace.
            NamespaceProperty = value.Metadata.NamespaceProperty is { Length: > 0 } @namespace ? @namespace : "default",
            Name = $"{Prefix(value.Metadata.Name)}.{HashOf($"{value.Metadata.Uid}\n{type}\n{reason}\n{message}")}",
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

    private static string Prefix(string name) => name.Length <= MaxNameLength ? name : name[..MaxNameLength].TrimEnd('.', '-');

    private static string HashOf(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 8));

    private bool TrySpend(string uid, DateTimeOffset now)
    {
        var budget = _budgets.GetValueOrDefault(uid, new Budget(Burst, now));
        var left = Math.Min(Burst, budget.Left + ((now - budget.At) / RefillTime));
        _budgets[uid] = new Budget(left < 1 ? left : left - 1, now);
        return left >= 1;
    }

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

        foreach (var (uid, budget) in _budgets)
        {
            if (now - budget.At >= RefillTime * Burst)
            {
                _budgets.Remove(uid);
            }
        }
    }

    private readonly record struct Recorded(string Message, DateTimeOffset At);

    /// <summary>How many events of an object may be written, and since when.</summary>
    private readonly record struct Budget(double Left, DateTimeOffset At);

    private readonly record struct Pending((string Uid, string Reason) Key, Corev1Event Event);

    [LoggerMessage("The event {Reason} could not be written as {Event}")]
    private partial void LogNotWritten(LogLevel level, string reason, ObjectKey @event, Exception exception);
}
