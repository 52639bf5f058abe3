// SPDX-License-Identifier: Apache-2.0

using System.Text.Json;
using RuntimeGVisor.NodeInstaller.Containerd.Configuration;
using RuntimeGVisor.NodeInstaller.Containerd.V1;

namespace RuntimeGVisor.NodeInstaller.Containerd;

/// <summary>
/// What containerd serves through the CRI, which is what it read when it started and not what its configuration file says now.
/// </summary>
internal sealed class ServedRuntime
{
    private readonly JsonElement? _runtimes;
    private readonly string _defaultRuntime;

    private ServedRuntime(bool isReady, string reason, JsonElement containerd)
    {
        IsReady = isReady;
        Reason = reason;
        _runtimes = Property(containerd, "runtimes");
        _defaultRuntime = Text(Property(containerd, "defaultRuntimeName")) is { Length: > 0 } name
            ? name
            : ContainerdConfigurationFile.BuiltInRuntime;
    }

    /// <summary>Whether the CRI answers and its runtime is ready.</summary>
    public bool IsReady { get; }

    /// <summary>Why it is not ready; empty when it is.</summary>
    public string Reason { get; }

    /// <summary>Whether the default runtime is told to put containers below systemd's slices; null when containerd does not say.</summary>
    public bool? RuncUsesSystemdCgroup =>
        Find(_defaultRuntime) is not { } runtime
            ? null
            : Options(runtime) is { } options && Property(options, "SystemdCgroup") is { ValueKind: JsonValueKind.True };

    public static ServedRuntime Unavailable(string reason) => new(false, reason, default);

    public static ServedRuntime From(StatusResponse status)
    {
        var ready = status.Status?.Conditions.FirstOrDefault(condition => condition.Type == "RuntimeReady");
        var reason = ready is null ? "the CRI gives no condition RuntimeReady" : $"{ready.Reason} {ready.Message}".Trim();
        return new(ready is { Status: true }, ready is { Status: true } ? "" : reason, SectionOf(status));
    }

    /// <summary>Whether a handler is served exactly as the entry has it.</summary>
    public bool Serves(HandlerEntry entry) =>
        ConfigPathOf(entry.Handler) == entry.ConfigPath && Find(entry.Handler) is { } served && NothingRedirects(served);

    /// <summary>Whether a handler of this name is served, in whatever way.</summary>
    public bool ServesName(string handler) => Find(handler) is not null;

    /// <summary>The <c>ConfigPath</c> with which a handler of runsc's shim is served; null when there is none.</summary>
    public string? ConfigPathOf(string handler) =>
        Find(handler) is { } served
        && Text(Property(served, "runtimeType")) == HandlerEntry.RuntimeType
        && Options(served) is { } options
        && Text(Property(options, "TypeUrl")) == HandlerEntry.TypeUrl
            ? Text(Property(options, "ConfigPath"))
            : null;

    private static bool NothingRedirects(JsonElement served) =>
        Text(Property(served, "runtimePath")) is null or ""
        && Text(Property(served, "runtimeEngine")) is null or ""
        && Text(Property(served, "runtimeRoot")) is null or "";

    private JsonElement? Find(string handler) => _runtimes is { } runtimes ? Property(runtimes, handler) : null;

    private static JsonElement? Options(JsonElement runtime) => Property(runtime, "options");

    private static JsonElement SectionOf(StatusResponse status)
    {
        if (!status.Info.TryGetValue("config", out var config))
        {
            return default;
        }

        using var document = JsonDocument.Parse(config);
        return Property(document.RootElement, "containerd")?.Clone() ?? default;
    }

    private static JsonElement? Property(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) ? value : null;

    private static string? Text(JsonElement? element) => element is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;
}
