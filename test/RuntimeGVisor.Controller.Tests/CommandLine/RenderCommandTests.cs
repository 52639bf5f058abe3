// SPDX-License-Identifier: Apache-2.0

namespace RuntimeGVisor.Controller.Tests.CommandLine;

public sealed class RenderCommandTests : IDisposable
{
    private const string ContainerRuntime = """
        apiVersion: extensions.gardener.cloud/v1alpha1
        kind: ContainerRuntime
        metadata:
          name: gvisor-pool
          namespace: shoot--a--b
        spec:
          type: gvisor
          binaryPath: /var/bin/containerruntimes
          workerPool:
            name: pool
            selector:
              matchLabels:
                worker.gardener.cloud/pool: pool
        """;

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory();

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public async Task All_that_the_shoot_gets_is_printed_with_the_ManagedResource_that_carries_it()
    {
        var run = await RenderAsync(ContainerRuntime);

        run.Error.Should().BeEmpty();
        run.ExitCode.Should().Be(0);
        run.Output.Should().ContainAll(
            "# ManagedResource shoot--a--b/extension-runtime-gvisor\n",
            "kind: RuntimeClass",
            "kind: ServiceAccount",
            "# ManagedResource shoot--a--b/extension-runtime-gvisor-installation-pool\n",
            "kind: ConfigMap",
            "kind: DaemonSet");
    }

    [Fact]
    public async Task The_same_input_prints_the_same_bytes() =>
        (await RenderAsync(ContainerRuntime)).Output.Should().Be((await RenderAsync(ContainerRuntime)).Output);

    [Fact]
    public async Task Ignored_flags_and_the_alias_are_noted_beside_the_output()
    {
        var run = await RenderAsync(ContainerRuntime + """

              providerConfig:
                apiVersion: gvisor.os.extensions.gardener.cloud/v1alpha1
                kind: GVisorConfiguration
                configFlags:
                  netraw: "true"
                  net-raw: "maybe"
            """);

        run.ExitCode.Should().Be(0);
        run.Error.Should().ContainAll("is an alias of", "configFlags.netraw: 'true' is ignored", "configFlags.net-raw: 'maybe' is ignored");
        run.Output.Should().NotContain("\"netraw\"").And.NotContain("maybe");
    }

    [Theory]
    [InlineData("spec: {}", "spec.shoot")]
    [InlineData("spec: {shoot: {status: {lastOperation: {state: Failed}}}}", "has failed")]
    [InlineData("spec: {shoot: {spec: {hibernation: {enabled: true}}}}", "hibernated")]
    public async Task The_Cluster_tells_what_the_controller_would_do(string spec, string note)
    {
        var cluster = Write("cluster.yaml", $"apiVersion: extensions.gardener.cloud/v1alpha1\nkind: Cluster\nmetadata: {{name: shoot--a--b}}\n{spec}\n");

        var run = await RenderAsync(ContainerRuntime, "--cluster", cluster);

        run.ExitCode.Should().Be(0);
        run.Error.Should().Contain(note);
    }

    [Theory]
    [InlineData("type: gvisor", "type: kata", "spec.type", "'kata'", "gvisor")]
    [InlineData("kind: ContainerRuntime", "kind: Network", "kind", "ContainerRuntime")]
    [InlineData("extensions.gardener.cloud/v1alpha1", "extensions.gardener.cloud/v9", "apiVersion", "v9", "v1alpha1")]
    [InlineData("name: pool", "name: \"\"", "spec.workerPool.name")]
    [InlineData("/var/bin/containerruntimes", "/var/../etc", "spec.binaryPath", "/var/../etc")]
    [InlineData("matchLabels:", "matchLabels: [", "line")]
    [InlineData("spec:", "spec: 5 #", "line")]
    public async Task A_wrong_object_is_an_error_that_names_field_and_value(string original, string replacement, params string[] named)
    {
        var run = await RenderAsync(ContainerRuntime.Replace(original, replacement, StringComparison.Ordinal));

        run.ExitCode.Should().Be(1);
        run.Output.Should().BeEmpty("half of the objects would be worse than none");
        run.Error.Should().ContainAll(named);
    }

    [Theory]
    [InlineData("apiVersion: some.group.com/v1alpha1\nkind: GVisorConfiguration", "no kind \"GVisorConfiguration\" is registered for version \"some.group.com/v1alpha1\" in scheme")]
    [InlineData("configFlags: {net-raw: true}", "configFlags.net-raw")]
    public async Task A_wrong_provider_config_is_an_error(string providerConfig, string message)
    {
        var indented = string.Join('\n', providerConfig.Split('\n').Select(line => $"    {line}"));

        var run = await RenderAsync($"{ContainerRuntime}\n  providerConfig:\n{indented}\n");

        run.ExitCode.Should().Be(1);
        run.Output.Should().BeEmpty();
        run.Error.Should().MatchRegex(@"^error: /\S+: could not decode provider config: ").And.Contain(message);
    }

    [Fact]
    public async Task Two_objects_in_one_file_are_an_error() =>
        (await RenderAsync($"{ContainerRuntime}\n---\n{ContainerRuntime}")).Error.Should().Contain("2 objects of kind ContainerRuntime");

    [Fact]
    public async Task A_file_that_does_not_exist_is_an_error()
    {
        var run = await CommandLineRun.OfAsync("render", "-f", Path.Combine(_directory.FullName, "missing.yaml"));

        run.ExitCode.Should().Be(1);
        run.Error.Should().Contain("missing.yaml");
    }

    [Fact]
    public async Task The_image_comes_from_the_overridden_vector()
    {
        var vector = Write("images.yaml", "images: [{name: runtime-gvisor-installation, ref: \"registry.example/installer@sha256:0a1b\"}]");

        (await RenderAsync(ContainerRuntime, "--image-vector-overwrite", vector)).Output.Should().Contain("registry.example/installer@sha256:0a1b");
    }

    [Theory]
    [InlineData("images: [{repository: a/b}]", "name")]
    [InlineData("images: [{name: runtime-gvisor-installation, repository: a, ref: b}]", "ref")]
    [InlineData("images: {", "images.yaml")]
    public async Task A_broken_image_vector_is_an_error(string content, string named)
    {
        var run = await RenderAsync(ContainerRuntime, "--image-vector-overwrite", Write("images.yaml", content));

        run.ExitCode.Should().Be(1);
        run.Error.Should().Contain(named);
    }

    private async Task<CommandLineRun> RenderAsync(string containerRuntime, params string[] arguments) =>
        await CommandLineRun.OfAsync(["render", "-f", Write("containerruntime.yaml", containerRuntime), .. arguments]);

    private string Write(string name, string content)
    {
        var path = Path.Combine(_directory.FullName, name);
        File.WriteAllText(path, content);
        return path;
    }
}
