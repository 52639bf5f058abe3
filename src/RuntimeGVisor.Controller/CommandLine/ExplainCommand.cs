// SPDX-License-Identifier: Apache-2.0

using System.CommandLine;
using System.CommandLine.Completions;
using RuntimeGVisor.NodeConfiguration;
using RuntimeGVisor.Validation;

namespace RuntimeGVisor.Controller.CommandLine;

/// <summary><c>explain</c>: what the flags of runsc mean, which values they take, and what the operator's policy says about them.</summary>
internal static class ExplainCommand
{
    private static IEnumerable<RunscFlag> SettableFlags => RunscFlags.All.Where(flag => flag.SetBy == RunscFlagSetter.Owner);

    public static Command Create()
    {
        var name = new Argument<string?>("flag") { Description = "Name of a flag; all of them without one.", Arity = ArgumentArity.ZeroOrOne };
        name.CompletionSources.Add(_ => SettableFlags.Select(flag => new CompletionItem(flag.Name)));
        var policy = new PolicyFlag();
        var command = new Command("explain", "Explain the flags that configFlags may hold: meaning, values, default, risk and rule.") { name, policy.Option };
        command.SetAction(result => Run(
            result.GetValue(name), policy.Read(result), result.InvocationConfiguration.Output, result.InvocationConfiguration.Error));
        return command;
    }

    private static int Run(string? name, string? policyFile, TextWriter output, TextWriter error)
    {
        try
        {
            var policy = PolicyFlag.Load(policyFile);
            if (name is null)
            {
                PrintAll(policy, output);
            }
            else if (RunscFlags.Find(name) is { } flag)
            {
                Print(flag, policy, output);
            }
            else
            {
                throw new CommandLineException($"{name}: {RunscFlags.WhyNotSettable(name)}");
            }

            return 0;
        }
        catch (CommandLineException exception)
        {
            error.WriteLine($"error: {exception.Message}");
            return 1;
        }
    }

    private static void PrintAll(FlagPolicy policy, TextWriter output)
    {
        var colors = TerminalColors.For(output);
        string[] headings = ["FLAG", "DEFAULT", "RISK", "POLICY", "MEANING"];
        var rows = SettableFlags.Select(flag => (string[])[flag.Name, flag.Default, Word(flag.Risk), Word(policy.RuleOf(flag)), Plain(flag.Meaning)]).ToList();
        int[] widths = [.. headings.Select((heading, column) => Math.Max(heading.Length, rows.Max(row => row[column].Length)))];
        output.WriteLine(colors.Bold(Line(headings, widths)));
        foreach (var row in rows)
        {
            output.WriteLine(Line(row, widths));
        }
    }

    private static void Print(RunscFlag flag, FlagPolicy policy, TextWriter output)
    {
        var colors = TerminalColors.For(output);
        output.WriteLine($"{colors.Bold(flag.Name)}: {Plain(flag.Meaning)}");
        output.WriteLine($"  values:  {flag.Allowed}{(flag.WritesNothingFor is { } nothing ? $"; \"{nothing}\" does nothing" : "")}");
        output.WriteLine($"  default: {(flag.Default.Length == 0 ? "none" : $"\"{flag.Default}\"")}");
        output.WriteLine($"  risk:    {Word(flag.Risk)}, {Text(flag.Risk)}");
        output.WriteLine($"  since:   gVisor {flag.Since} or earlier");
        if (flag.Requires is { } needed)
        {
            output.WriteLine($"  needs:   {needed.Name}: \"{needed.Value}\"");
        }

        output.WriteLine($"  policy:  {Rule(flag, policy, colors)}");
    }

    private static string Rule(RunscFlag flag, FlagPolicy policy, TerminalColors colors) => (flag.SetBy, policy.RuleOf(flag)) switch
    {
        (not RunscFlagSetter.Owner, _) => RunscFlags.WhyNotSettable(flag.Name),
        (_, FlagRule.Allow) => colors.Green("allow"),
        (_, FlagRule.Warn) => colors.Yellow("warn"),
        _ => colors.Red("deny"),
    };

    private static string Line(string[] cells, int[] widths) => string.Join("  ", cells.Zip(widths, (cell, width) => cell.PadRight(width))).TrimEnd();

    private static string Word(RunscFlagRisk risk) => risk.ToString().ToLowerInvariant();

    private static string Word(FlagRule rule) => rule.ToString().ToLowerInvariant();

    /// <summary>The pages mark code by back quotes.</summary>
    private static string Plain(string meaning) => meaning.Replace("`", "", StringComparison.Ordinal);

    private static string Text(RunscFlagRisk risk) => risk switch
    {
        RunscFlagRisk.None => "it concerns the sandbox alone",
        RunscFlagRisk.Cost => "it makes the sandbox slower, or uses more of the node's memory or disk",
        _ => "it opens more of the node's kernel, devices or network to the sandbox",
    };
}
