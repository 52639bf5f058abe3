// SPDX-License-Identifier: Apache-2.0

using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace RuntimeGVisor.Controller.CommandLine;

/// <summary>Flags that read as those of Kubernetes' programs: charts pass empty values, and a switch takes <c>=true</c> and <c>=false</c>.</summary>
internal static class Flags
{
    /// <summary>A text; an empty one is the same as none.</summary>
    public static Option<string?> Text(string name, string description, Func<string?>? otherwise = null) => new(name)
    {
        Description = description,
        Arity = ArgumentArity.ZeroOrOne,
        CustomParser = result => result.Tokens is [{ Value.Length: > 0 } token] ? token.Value : otherwise?.Invoke(),
        DefaultValueFactory = _ => otherwise?.Invoke(),
    };

    /// <summary>The value of a variable, as the default of a text.</summary>
    public static Func<string?> Variable(string name) => () => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;

    /// <summary>A whole number above 0.</summary>
    public static Option<int> Positive(string name, string description, int otherwise) => new(name)
    {
        Description = description,
        DefaultValueFactory = _ => otherwise,
        CustomParser = result =>
        {
            if (int.TryParse(Given(result), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0)
            {
                return number;
            }

            result.AddError($"{name}: '{Given(result)}' is not allowed: a whole number above 0.");
            return 0;
        },
    };

    /// <summary>One of a few words; the first is the default.</summary>
    public static Option<string> OneOf(string name, string description, params string[] allowed) => new(name)
    {
        Description = $"{description} One of {string.Join(", ", allowed)}.",
        DefaultValueFactory = _ => allowed[0],
        CustomParser = result =>
        {
            if (!allowed.Contains(Given(result)))
            {
                result.AddError($"{name}: '{Given(result)}' is not allowed: one of {string.Join(", ", allowed)}.");
            }

            return Given(result);
        },
    };

    /// <summary>True or false; without a value, true. Not a flag of type bool: the library would take a wrong value for an argument.</summary>
    public static Option<string> Switch(string name, string description, bool otherwise) => new(name)
    {
        Description = description,
        Arity = ArgumentArity.ZeroOrOne,
        DefaultValueFactory = _ => otherwise ? "true" : "false",
        CustomParser = result =>
        {
            var value = Given(result);
            if (value is not ("true" or "false"))
            {
                result.AddError($"{name}: '{value}' is not allowed: true or false.");
            }

            return value;
        },
    };

    /// <summary>The value of a <see cref="Switch"/>.</summary>
    public static bool IsOn(this ParseResult result, Option<string> option) =>
        result.GetResult(option) is { Implicit: false, Tokens.Count: 0 } || result.GetValue(option) == "true";

    private static string Given(ArgumentResult result) => string.Join(' ', result.Tokens.Select(token => token.Value));
}
