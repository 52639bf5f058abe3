// SPDX-License-Identifier: Apache-2.0

using System.CommandLine;
using System.Text.Json;
using Kubernetes.Controllers.Serialization;
using RuntimeGVisor.Validation;

namespace RuntimeGVisor.Controller.CommandLine;

/// <summary><c>validate</c>: what admission would say to a file, without any cluster.</summary>
internal static class ValidateCommand
{
    private const int Valid = 0;
    private const int Invalid = 1;
    private const int Unreadable = 2;

    public static Command Create()
    {
        var files = new Option<string[]>("--filename", "-f")
        {
            Description = "File with Shoots, ContainerRuntimes or GVisorConfigurations, YAML or JSON; - is standard input. May be given several times.",
            Required = true,
        };
        var format = Flags.OneOf("--output", "How findings are printed.", "text", "json");
        format.Aliases.Add("-o");
        var policy = new PolicyFlag();
        var command = new Command(
            "validate", "Tell what is wrong with a configuration before it reaches a cluster. Exit code 0: valid, 1: not valid, 2: not readable.")
        {
            files, format, policy.Option,
        };
        command.SetAction(result => Run(
            result.GetValue(files)!,
            policy.Read(result),
            result.GetValue(format) == "json",
            result.InvocationConfiguration.Output,
            result.InvocationConfiguration.Error));
        return command;
    }

    private static int Run(string[] files, string? policyFile, bool isJson, TextWriter output, TextWriter error)
    {
        try
        {
            var policy = PolicyFlag.Load(policyFile);
            var findings = files.SelectMany(file => FindingsOf(file, policy)).ToList();
            if (isJson)
            {
                output.WriteLine(JsonSerializer.Serialize(findings, ReportedFindingJson.Readable.IReadOnlyListReportedFinding));
            }
            else
            {
                Print(files, findings, output);
            }

            return findings.Exists(finding => finding.Severity == Severity.Error) ? Invalid : Valid;
        }
        catch (CommandLineException exception)
        {
            error.WriteLine($"error: {exception.Message}");
            return Unreadable;
        }
    }

    private static void Print(string[] files, List<ReportedFinding> findings, TextWriter output)
    {
        var colors = TerminalColors.For(output);
        foreach (var finding in findings)
        {
            output.WriteLine(finding.ToText(colors));
        }

        foreach (var file in files.Where(file => !findings.Exists(finding => finding.File == file && finding.Severity == Severity.Error)))
        {
            output.WriteLine($"{colors.Bold(file)}: {colors.Green("valid")}");
        }
    }

    /// <exception cref="CommandLineException">The file cannot be read, or nothing in it is about gVisor: a check of nothing must not look like success.</exception>
    private static IReadOnlyList<ReportedFinding> FindingsOf(string file, FlagPolicy policy)
    {
        var text = ManifestFile.ReadText(file);
        try
        {
            var judged = YamlDocuments.ReadLocated(text).Select(document => FindingsOf(file, document, policy)).OfType<IEnumerable<ReportedFinding>>().ToList();
            return judged.Count > 0
                ? [.. judged.SelectMany(findings => findings)]
                : throw new CommandLineException($"{file}: no Shoot, ContainerRuntime of type gvisor or GVisorConfiguration in this file");
        }
        catch (YamlFormatException exception)
        {
            return [new(file, exception.Line, exception.Column, Severity.Error, "", exception.Problem)];
        }
        catch (FormatException exception)
        {
            return [new(file, Line: null, Column: null, Severity.Error, "", exception.Message)];
        }
    }

    private static IEnumerable<ReportedFinding>? FindingsOf(string file, LocatedDocument document, FlagPolicy policy)
    {
        if (document.Value is null)
        {
            return null;
        }

        using var json = JsonDocument.Parse(document.Value.ToJsonString(), new JsonDocumentOptions { MaxDepth = YamlDocuments.MaxDepth + 1 });
        return ManifestValidator.Validate(json.RootElement, policy)?.Select(finding =>
        {
            var (line, column) = document.PositionOf(finding.Path);
            return new ReportedFinding(file, line, column, finding.Severity, finding.Path, finding.Message);
        }).OrderBy(finding => (finding.Line, finding.Column));
    }
}
