// SPDX-License-Identifier: Apache-2.0

using System.Collections.Immutable;
using System.Text.Json.Nodes;
using DiffPlex.Renderer;
using RuntimeGVisor.NodeConfiguration;

namespace RuntimeGVisor.Controller.Diff;

/// <summary>How the objects of a shoot differ, and what follows for its nodes.</summary>
/// <param name="before">The objects before, by name.</param>
/// <param name="after">The objects after, by name.</param>
internal sealed class ShootDifference(
    ImmutableSortedDictionary<string, ShootObject> before, ImmutableSortedDictionary<string, ShootObject> after)
{
    private const string Nowhere = "/dev/null";
    private const string Lasting = "running pods go on with what they have";

    /// <summary>The objects that differ, each with its difference as <c>diff -u</c> prints it.</summary>
    public IReadOnlyList<(string Name, string Diff)> Objects { get; } =
    [
        .. from name in before.Keys.Union(after.Keys, StringComparer.Ordinal).Order(StringComparer.Ordinal)
           let texts = (Before: before.GetValueOrDefault(name)?.Text, After: after.GetValueOrDefault(name)?.Text)
           where texts.Before != texts.After
           select (name, UnidiffRenderer.GenerateUnidiff(
               texts.Before ?? "", texts.After ?? "", texts.Before is null ? Nowhere : "before", texts.After is null ? Nowhere : "after").TrimEnd('\n')),
    ];

    public bool IsEmpty => Objects.Count == 0;

    /// <summary>What happens to pods and to containerd, and why: one sentence for each.</summary>
    public IEnumerable<string> Consequences => IsEmpty ? ["Nothing changes."] : DaemonSets.SelectMany(ConsequencesOf);

    private IEnumerable<string> DaemonSets =>
        before.Concat(after).Where(pair => pair.Value.Kind == "DaemonSet").Select(pair => pair.Key).Distinct().Order(StringComparer.Ordinal);

    private IEnumerable<string> ConsequencesOf(string name)
    {
        switch (before.GetValueOrDefault(name), after.GetValueOrDefault(name))
        {
            case (null, { }):
                return [$"{name} is new: gVisor is installed on the pool's nodes.", Restarts("it gets the handler runsc")];
            case ({ }, null):
                return [$"{name} is deleted: nothing looks after gVisor on the pool's nodes any more.", "containerd does not restart."];
            case ({ } old, { } @new):
                return [Roll(name, old, @new), Restart(name, old, @new)];
            default:
                return [];
        }
    }

    private string Roll(string name, ShootObject old, ShootObject @new)
    {
        if (JsonNode.DeepEquals(old["spec", "template"], @new["spec", "template"]))
        {
            return $"{name} does not roll: its pod template stays.";
        }

        string[] reasons =
        [
            .. ImageOf(old) == ImageOf(@new) ? (string[])[] : [$"the image changes from {ImageOf(old)} to {ImageOf(@new)}"],
            .. ConfigurationChanges(name),
        ];
        return $"{name} rolls, {Shown(@new["spec", "updateStrategy", "rollingUpdate", "maxUnavailable"])} at a time: {(reasons.Length == 0 ? "its pod template changes" : string.Join("; ", reasons))}.";
    }

    private string Restart(string name, ShootObject old, ShootObject @new)
    {
        if (ConfigurationOf(before, name) is null)
        {
            return Restarts("this installer takes over from another one");
        }

        // The handler names a file whose path has a hash of these: another file is another handler.
        var changes = ConfigurationChanges(name, "runscFlags", "binaryDirectory", "handler").ToArray();
        return (changes.Length > 0, ImageOf(old) == ImageOf(@new)) switch
        {
            (true, _) => Restarts(string.Join("; ", changes)),
            (_, false) => $"containerd restarts once on each node if the image brings another gVisor; {Lasting}.",
            _ => "containerd does not restart.",
        };
    }

    private static string Restarts(string reason) => $"containerd restarts once on each node: {reason}; {Lasting}.";

    /// <summary>What changes in the installer's configuration, in words.</summary>
    private IEnumerable<string> ConfigurationChanges(string daemonSet, params string[] fields)
    {
        var (old, @new) = (ConfigurationOf(before, daemonSet), ConfigurationOf(after, daemonSet));
        var names = (old ?? []).Concat(@new ?? []).Select(pair => pair.Key).Distinct(StringComparer.Ordinal);
        return names.Where(name => (fields.Length == 0 || fields.Contains(name)) && !JsonNode.DeepEquals(old?[name], @new?[name])).SelectMany(name =>
            name == "runscFlags" ? FlagChanges(old?[name], @new?[name]) : [$"{name} changes from {Shown(old?[name])} to {Shown(@new?[name])}"]);
    }

    private static IEnumerable<string> FlagChanges(JsonNode? old, JsonNode? @new)
    {
        var (before, after) = (FlagsOf(old), FlagsOf(@new));
        return before.Keys.Union(after.Keys, StringComparer.Ordinal).Where(name => before.GetValueOrDefault(name) != after.GetValueOrDefault(name))
            .Select(name => $"flag {name} changes from {before.GetValueOrDefault(name, "none")} to {after.GetValueOrDefault(name, "none")}");
    }

    private static Dictionary<string, string> FlagsOf(JsonNode? flags) => (flags as JsonArray ?? []).OfType<JsonObject>()
        .ToDictionary(flag => (string?)flag["name"] ?? "", flag => $"\"{(string?)flag["value"]}\"", StringComparer.Ordinal);

    private static string Shown(JsonNode? value) => value?.ToJsonString() ?? "none";

    private static string? ImageOf(ShootObject daemonSet) =>
        (string?)(daemonSet["spec", "template", "spec", "containers"] as JsonArray)?[0]?["image"];

    /// <summary>The installer's configuration; null where the Go extension's script is, or nothing.</summary>
    private static JsonObject? ConfigurationOf(ImmutableSortedDictionary<string, ShootObject> objects, string daemonSet) =>
        objects.GetValueOrDefault(daemonSet.Replace("DaemonSet ", "ConfigMap ", StringComparison.Ordinal)) is { } configMap
        && (string?)configMap["data", NodeInstallerConfiguration.FileName] is { } json
            ? JsonNode.Parse(json) as JsonObject
            : null;
}
