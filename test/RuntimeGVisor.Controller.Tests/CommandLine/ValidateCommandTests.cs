// SPDX-License-Identifier: Apache-2.0

using System.Text.Json.Nodes;

namespace RuntimeGVisor.Controller.Tests.CommandLine;

public sealed class ValidateCommandTests : IDisposable
{
    private const string Shoot = """
        apiVersion: core.gardener.cloud/v1beta1
        kind: Shoot
        spec:
          provider:
            workers:
            - name: sandboxed
              cri:
                containerRuntimes:
                - type: gvisor
                  providerConfig:
                    configFlags:
                      net-raw: "true"
        """;

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory();

    public void Dispose() => _directory.Delete(recursive: true);

    [Theory]
    [InlineData(Shoot)]
    [InlineData("""{"kind": "GVisorConfiguration", "configFlags": {"debug": "true"}}""")]
    [InlineData("apiVersion: extensions.gardener.cloud/v1alpha1\nkind: ContainerRuntime\nspec: {type: gvisor}")]
    [InlineData($"kind: ConfigMap\n---\n{Shoot}\n---\n")]
    public async Task A_file_without_a_flaw_is_valid(string content)
    {
        var run = await ValidateAsync(content);

        run.Error.Should().BeEmpty();
        run.Output.Should().Be($"{FilePath}: valid\n");
        run.ExitCode.Should().Be(0);
    }

    [Fact]
    public async Task A_finding_has_its_line_and_column_and_is_plain_text_in_a_pipe()
    {
        var run = await ValidateAsync(Shoot.Replace("net-raw", "netraw", StringComparison.Ordinal));

        run.Output.Should().Be(
            $"{FilePath}:12:15: error: spec.provider.workers[0].cri.containerRuntimes[0].providerConfig.configFlags[netraw]: "
            + "there is no such flag to set; did you mean net-raw?\n");
        run.ExitCode.Should().Be(1);
    }

    [Fact]
    public async Task Findings_come_in_the_order_of_the_file_with_the_place_in_their_document()
    {
        var run = await ValidateAsync("kind: GVisorConfiguration\nconfigFlags:\n  a-flag: \"1\"\nmore: 1\n---\nkind: GVisorConfiguration\ntestImageTag: x\n");

        run.Output.Split('\n').Select(line => line.Split(' ')[0]).Should().Equal($"{FilePath}:3:3:", $"{FilePath}:4:1:", $"{FilePath}:7:1:", "");
    }

    [Fact]
    public async Task A_warning_leaves_a_file_valid()
    {
        var run = await ValidateAsync("""{"kind": "GVisorConfiguration", "configFlags": {"strace": "true"}}""");

        run.Output.Should().Contain("warning: configFlags[strace]: strace has no effect unless debug is \"true\"").And.Contain(": valid");
        run.ExitCode.Should().Be(0);
    }

    [Fact]
    public async Task Findings_as_JSON_are_for_programs()
    {
        var run = await ValidateAsync("kind: GVisorConfiguration\nconfigFlags: {netraw: \"true\"}\n", "-o", "json");

        JsonNode.DeepEquals(JsonNode.Parse(run.Output), new JsonArray(new JsonObject
        {
            ["file"] = FilePath,
            ["line"] = 2,
            ["column"] = 15,
            ["severity"] = "error",
            ["path"] = "configFlags[netraw]",
            ["message"] = "there is no such flag to set; did you mean net-raw?",
        })).Should().BeTrue("{0}", run.Output);
        run.ExitCode.Should().Be(1);
    }

    [Fact]
    public async Task No_findings_are_an_empty_list_as_JSON() => (await ValidateAsync(Shoot, "-o", "json")).Output.Should().Be("[]\n");

    [Theory]
    [InlineData("kind: [", 1, "error")]
    [InlineData("kind: GVisorConfiguration\nkind: GVisorConfiguration\n", 1, ":2:1: error: Duplicate key")]
    public async Task Broken_YAML_and_a_repeated_key_are_findings_with_their_place(string content, int exitCode, string output)
    {
        var run = await ValidateAsync(content);

        run.ExitCode.Should().Be(exitCode);
        run.Output.Should().Contain(output);
    }

    [Theory]
    [InlineData("")]
    [InlineData("apiVersion: v1\nkind: ConfigMap\n")]
    public async Task A_file_with_nothing_to_judge_is_no_success(string content)
    {
        var run = await ValidateAsync(content);

        run.ExitCode.Should().Be(2);
        run.Error.Should().Contain("no Shoot, ContainerRuntime of type gvisor or GVisorConfiguration");
    }

    [Theory]
    [InlineData("-f", "missing.yaml", "missing.yaml")]
    [InlineData("--flag-policy", "missing-policy.yaml", "missing-policy.yaml")]
    public async Task A_file_that_cannot_be_read_is_told_apart_from_a_wrong_one(string flag, string file, string named)
    {
        var run = await ValidateAsync(Shoot, flag, Path.Combine(_directory.FullName, file));

        run.ExitCode.Should().Be(2);
        run.Error.Should().Contain(named);
    }

    [Fact]
    public async Task The_operators_policy_counts()
    {
        var policy = Path.Combine(_directory.FullName, "policy.yaml");
        await File.WriteAllTextAsync(
            policy, "apiVersion: gvisor.runtime.extensions.config.gardener.cloud/v1alpha1\nkind: FlagPolicy\nflags: {net-raw: deny}\n", TestContext.Current.CancellationToken);

        var run = await ValidateAsync(Shoot, "--flag-policy", policy);

        run.ExitCode.Should().Be(1);
        run.Output.Should().Contain("configFlags[net-raw]: \"true\" is not allowed: the operator's policy denies net-raw");
    }

    [Fact]
    public async Task Several_files_are_judged_one_by_one()
    {
        var other = Path.Combine(_directory.FullName, "other.yaml");
        await File.WriteAllTextAsync(other, "kind: GVisorConfiguration\nmore: 1\n", TestContext.Current.CancellationToken);

        (await ValidateAsync(Shoot, "-f", other)).Output.Should().Contain($"{other}:2:1: error: more").And.Contain($"{FilePath}: valid").And.NotContain($"{other}: valid");
    }

    private string FilePath => Path.Combine(_directory.FullName, "input.yaml");

    private async Task<CommandLineRun> ValidateAsync(string content, params string[] arguments)
    {
        await File.WriteAllTextAsync(FilePath, content);
        return await CommandLineRun.OfAsync(["validate", "-f", FilePath, .. arguments]);
    }
}
