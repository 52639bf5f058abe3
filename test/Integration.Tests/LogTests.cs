// SPDX-License-Identifier: Apache-2.0

using System.Text;
using System.Text.Json;
using ControlPlane;

namespace Integration.Tests;

/// <summary>What the controller logs, at level debug: for the log pipeline, for people, and nothing that is secret.</summary>
public sealed class LogTests(SharedSeed seed)
{
    [Fact]
    public async Task Every_line_is_an_object_with_the_fields_that_Gardener_components_log()
    {
        await ScenarioAsync();

        foreach (var line in Lines())
        {
            using var document = Parse(line);
            var entry = document.RootElement;
            entry.EnumerateObject().Select(field => field.Name).Should().OnlyHaveUniqueItems(line)
                .And.StartWith(["level", "ts", "logger", "msg"], line);
            entry.GetProperty("level").GetString().Should().BeOneOf("debug", "info", "warn", "error");
            DateTimeOffset.TryParse(entry.GetProperty("ts").GetString(), out _).Should().BeTrue(line);
        }
    }

    [Fact]
    public async Task Each_transition_of_an_object_is_one_line_with_controller_namespace_and_name()
    {
        var shoot = await ScenarioAsync();

        var lines = await Eventually.GetAsync(
            "the last line on the shoot",
            () => Task.FromResult(Lines().Where(line => line.Contains($"\"namespace\":\"{shoot.Namespace}\"", StringComparison.Ordinal)).ToList()),
            lines => lines.Any(line => MessageOf(line).StartsWith("Delete of ", StringComparison.Ordinal) && line.Contains("succeeded", StringComparison.Ordinal)));
        foreach (var line in lines)
        {
            using var document = Parse(line);
            document.RootElement.GetProperty("name").GetString().Should().Be("gvisor-a", line);
            document.RootElement.GetProperty("controller").GetString().Should().BeOneOf("containerruntime", "containerruntime-health");
        }

        var messages = lines.Select(MessageOf).ToList();
        foreach (var transition in (string[])[
            "Create of {0} started", "Create of {0} succeeded",
            "Flag no-such-flag of {0} with value true is ignored",
            "Condition SystemComponentsHealthy of {0} is True",
            "Delete of {0} started", "Delete of {0} succeeded"])
        {
            var text = transition.Replace("{0}", $"{shoot.Namespace}/gvisor-a", StringComparison.Ordinal);
            messages.Where(message => message.StartsWith(text, StringComparison.Ordinal)).Should().ContainSingle(string.Join('\n', messages));
        }
    }

    [Fact]
    public async Task An_error_is_one_line()
    {
        var shoot = await Shoot.CreateAsync(seed.Api);
        var configuration = Shoot.ProviderConfig();
        configuration["kind"] = "Other";
        await shoot.DeployAsync("a", configuration);
        await shoot.WaitForAsync("a", "Create", "Error");

        var line = (await Eventually.GetAsync(
            "line of the error", () => Task.FromResult(ErrorsOf(shoot)), lines => lines.Count > 0)).Should().ContainSingle().Which;
        using var document = Parse(line);
        document.RootElement.GetProperty("error").GetString().Should().Contain("no kind \"Other\" is registered");
    }

    [Fact]
    public async Task No_line_holds_a_token_or_what_a_secret_holds()
    {
        var shoot = await Shoot.CreateAsync(seed.Api);
        await shoot.DeployAsync("a");
        await shoot.WaitUntilReadyAsync("a");
        var secrets = (await shoot.SecretsAsync()).Values.SelectMany(secret => secret["data"]!.AsObject()).Select(entry => (string)entry.Value!).ToList();
        var token = (await File.ReadAllTextAsync(seed.ControlPlane.ControllerTokenFile, TestContext.Current.CancellationToken)).Trim();
        await shoot.DeleteAsync("a");
        await shoot.WaitUntilGoneAsync("a");

        var output = seed.ControllerOutput;
        output.Should().NotBeEmpty();
        secrets.Should().HaveCount(2);
        output.Contains(token, StringComparison.Ordinal).Should().BeFalse("the token is the controller's own");
        output.Contains("Bearer", StringComparison.OrdinalIgnoreCase).Should().BeFalse();
        foreach (var secret in secrets)
        {
            output.Contains(secret[..40], StringComparison.Ordinal).Should().BeFalse("that is a secret's data");
            foreach (var line in Encoding.UTF8.GetString(Convert.FromBase64String(secret)).Split('\n').Where(line => line.Trim().Length > 30))
            {
                output.Contains(line.Trim(), StringComparison.Ordinal).Should().BeFalse("'{0}' is a secret's data", line);
            }
        }
    }

    private static JsonDocument Parse(string line)
    {
        try
        {
            return JsonDocument.Parse(line);
        }
        catch (JsonException exception)
        {
            throw new InvalidOperationException($"This line is no JSON: {line}", exception);
        }
    }

    private static string MessageOf(string line)
    {
        using var document = Parse(line);
        return document.RootElement.GetProperty("msg").GetString()!;
    }

    private async Task<Shoot> ScenarioAsync()
    {
        var shoot = await Shoot.CreateAsync(seed.Api);
        await shoot.DeployAsync("a", Shoot.ProviderConfig(("no-such-flag", "true")));
        await shoot.WaitUntilReadyAsync("a");
        await shoot.WaitForHealthAsync("a", "True");
        await shoot.DeleteAsync("a");
        await shoot.WaitUntilGoneAsync("a");
        return shoot;
    }

    /// <summary>The last line may be in the middle of being read.</summary>
    private IEnumerable<string> Lines() => seed.ControllerOutput.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private List<string> ErrorsOf(Shoot shoot) =>
        [.. Lines().Where(line => line.Contains("\"level\":\"error\"", StringComparison.Ordinal) && line.Contains(shoot.Namespace, StringComparison.Ordinal))];
}
