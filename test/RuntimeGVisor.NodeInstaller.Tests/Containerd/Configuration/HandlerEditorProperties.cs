// SPDX-License-Identifier: Apache-2.0

using System.Text;
using CsCheck;
using RuntimeGVisor.NodeInstaller.Containerd.Configuration;

namespace RuntimeGVisor.NodeInstaller.Tests.Containerd.Configuration;

/// <summary>Laws of the edit over generated configurations.</summary>
public sealed class HandlerEditorProperties
{
    private const int Iterations = 2000;

    private static readonly Gen<string> Comment = Gen.OneOf("", "", "\n", "# a comment\n", "  # containerd.runtimes.runsc, they say\n\n", "#\n");

    private static readonly Gen<string> Value = Gen.OneOf(
        Gen.Int.Select(number => $"{number}"),
        Gen.Bool.Select(value => value ? "true" : "false"),
        Gen.OneOf("\"text\"", "'[not.a.table]'", "\"\"\"\n[plugins.cri]\n\"\"\"", "\"\\\"#\\\\\"", "[1, 2,\n 3]", "[\"a\", # why\n \"b\"]", "{ a = 1, b = { c = \"]\" } }"));

    private static readonly Gen<string> Line = Gen.Select(
        Gen.OneOf("", "  ", "\t"), Gen.Int[0, 999], Gen.OneOf(" = ", "=", "   =  "), Value, Gen.OneOf("", " # beside"),
        (indent, key, equals, value, beside) => $"{indent}key{key}{equals}{value}{beside}\n");

    private static readonly Gen<string> OtherTable = Gen.Select(
        Gen.OneOf("plugins.other", "plugins.\"io.containerd.internal.v1.opt\"", "grpc", "plugins.\"io.containerd.grpc.v1.cri\".cni", "plugins.cri.registry"),
        Gen.Int[0, 9999],
        Gen.OneOf("", "  "),
        Comment,
        Line.Array[0, 3],
        (name, number, indent, comment, lines) => $"{comment}{indent}[{name}.t{number}]\n{string.Concat(Distinct(lines))}");

    private static readonly Gen<string> Handler = Gen.OneOf(
        "",
        "",
        Block("plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.runsc", "/etc/containerd/runsc.toml"),
        Block("plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.\"runsc\"", "/elsewhere.toml"),
        Block("plugins.\"io.containerd.cri.v1.runtime\".containerd.runtimes.runsc", "/etc/containerd/runsc.toml"),
        Block("plugins.cri.containerd.runtimes.runsc", "/etc/containerd/runsc.toml"),
        Block("plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.runsc", "/elsewhere.toml", "  pod_annotations = [\"a\"] # why\n  # mine\n  snapshotter = \"x\"\n"),
        Block("plugins.\"io.containerd.cri.v1.runtime\".containerd.runtimes.runsc", "/elsewhere.toml", "  runtime_path = \"/x\"\n  base_runtime_spec = \"y\"\n"),
        Block("plugins.cri.containerd.runtimes.runsc", "/elsewhere.toml", "  container_annotations = [ \"a\",\n \"b\" ]\n"),
        Block("plugins.cri.containerd.runtimes.runsc-kvm", "/etc/containerd/runsc.toml"),
        "[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.runc]\nruntime_type = \"io.containerd.runc.v2\"\n");

    private static readonly Gen<string> Text = Gen.Select(
        Comment,
        Gen.OneOf("", "version = 1\n", "version = 2\n", "version=3 # three\n", "  version  =  4\n"),
        OtherTable.Array[0, 4],
        Handler,
        OtherTable.Array[0, 3],
        Gen.Bool,
        Gen.Bool,
        (comment, version, before, handler, after, cutsLineEnd, windows) =>
        {
            var text = comment + version + string.Concat(before) + handler + string.Concat(after);
            text = windows ? text.Replace("\n", "\r\n", StringComparison.Ordinal) : text;
            return cutsLineEnd ? text.TrimEnd('\n').TrimEnd('\r') : text;
        }).Where(IsReadable);

    private static readonly Gen<HandlerEntry> Entry = Gen.OneOf(
        new HandlerEntry("runsc", "/etc/containerd/runsc.toml"), new HandlerEntry("runsc", "/etc/containerd/runsc-2.toml"), new HandlerEntry("gvisor", "/x.toml"));

    [Fact]
    public void An_edit_means_what_the_file_meant_and_the_handler() => Gen.Select(Text, Entry).Sample((text, entry) =>
    {
        var before = Read(text);
        var after = Read(HandlerEditor.Set(before, entry));

        return after.Version == before.Version
            && after.FindRuntime(entry.Handler) is { } table
            && entry.IsServedBy(table)
            && after.FindMisplaced(entry.Handler).Count == 0
            && !after.NeedsRuncBesideHandler
            && Rest(after, entry.Handler).SameAs(Rest(before, entry.Handler))
            && (before.FindRuntime(entry.Handler) is not { } own || entry.OthersIn(own).SameAs(entry.OthersIn(table)));
    }, iter: Iterations);

    [Fact]
    public void An_edit_of_an_edited_file_changes_nothing() => Gen.Select(Text, Entry).Sample((text, entry) =>
    {
        var edited = HandlerEditor.Set(Read(text), entry);

        return HandlerEditor.Set(Read(edited), entry) == edited;
    }, iter: Iterations);

    [Fact]
    public void Removing_the_handler_gives_the_file_back_that_had_none() => Gen.Select(Text, Entry).Sample((text, entry) =>
    {
        var file = Read(text);
        if (file.FindRuntime(entry.Handler) is not null || file.FindMisplaced(entry.Handler).Count > 0)
        {
            return true;
        }

        var lineEnd = text.Contains("\r\n", StringComparison.Ordinal) ? "\r\n" : "\n";
        var removed = HandlerEditor.Remove(Read(HandlerEditor.Set(file, entry)), entry.Handler);
        return removed == (text.EndsWith('\n') ? text : text + lineEnd);
    }, iter: Iterations);

    [Fact]
    public void Every_line_of_others_stays_as_it_is() => Gen.Select(Text, Entry).Sample((text, entry) =>
    {
        var edited = HandlerEditor.Set(Read(text), entry);
        var lines = new Queue<string>(edited.Split('\n'));
        return text.Split('\n')
            .Where(line => !line.Contains("containerd.runtimes", StringComparison.Ordinal) && !line.Contains("runtime_type", StringComparison.Ordinal)
                && !line.Contains("TypeUrl", StringComparison.Ordinal) && !line.Contains("ConfigPath", StringComparison.Ordinal)
                && !line.Contains("runtime_path", StringComparison.Ordinal))
            .Select(line => line.TrimEnd('\r'))
            .Where(line => line.Length > 0)
            .All(line =>
            {
                while (lines.TryDequeue(out var next))
                {
                    if (next.TrimEnd('\r') == line)
                    {
                        return true;
                    }
                }

                return false;
            });
    });

    [Fact]
    public void Any_text_is_read_or_refused_with_a_reason() => Gen.String[Gen.OneOf(Gen.Char[' ', '~'], Gen.OneOf('\n', '[', ']', '.', '"', '=', '\'', '#', '{', '}')), 0, 60]
        .Sample(text =>
        {
            try
            {
                Read("version = 2\n" + text);
            }
            catch (ContainerdConfigurationException exception)
            {
                return exception.Message.Length > 0;
            }

            return true;
        }, iter: Iterations);

    private static string[] Distinct(string[] lines) => [.. lines.DistinctBy(line => line.TrimStart().Split('=')[0].Trim())];

    private static string Block(string table, string path, string others = "") => $"""
        [{table}]
          runtime_type = "io.containerd.runsc.v1"
        {others}[{table}.options]
          TypeUrl = "io.containerd.runsc.v1.options"
          ConfigPath = "{path}"

        """;

    private static bool IsReadable(string text)
    {
        try
        {
            return Read(text) is not null;
        }
        catch (ContainerdConfigurationException)
        {
            return false;
        }
    }

    private static ContainerdConfigurationFile Read(string text) => ContainerdConfigurationFile.Read(Encoding.UTF8.GetBytes(text));

    private static TomlTable Rest(ContainerdConfigurationFile file, string handler)
    {
        var rest = file.Document.Root;
        foreach (var plugin in ConfigurationVersion.AllPlugins)
        {
            rest = rest.Without([.. ConfigurationVersion.RuntimesPath(plugin), handler]).Without([.. ConfigurationVersion.RuntimesPath(plugin), "runc"]);
        }

        return rest;
    }
}
