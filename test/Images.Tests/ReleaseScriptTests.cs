// SPDX-License-Identifier: Apache-2.0

namespace Images.Tests;

/// <summary>A repository with the scripts and the chart of this one, as it is before a release.</summary>
public sealed class UnreleasedRepository : IAsyncLifetime
{
    internal const string Changes =
        """
        # Changes

        ## Unreleased

        ### Added

        - Something new.

        ## 0.9.0 - 2026-01-02

        - Something old.

        """;

    internal string Path { get; } = Directory.CreateTempSubdirectory("unreleased-").FullName;

    public async ValueTask InitializeAsync()
    {
        Directory.CreateDirectory(System.IO.Path.Combine(Path, "example"));
        await File.WriteAllTextAsync(System.IO.Path.Combine(Path, "CHANGELOG.md"), Changes);
        await File.WriteAllTextAsync(System.IO.Path.Combine(Path, "VERSION"), "1.0.0-dev\n");
        const string Script = """
            cp -r "$1/hack" "$1/charts" .
            mkdir -p src/RuntimeGVisor/Images
            cp "$1/src/RuntimeGVisor/Images/images.yaml" src/RuntimeGVisor/Images/
            # This page is made by the built controller, and no version stands in it.
            mkdir -p docs/operations
            printf '#!/bin/sh\necho a page\n' >hack/configuration-page.sh
            git init --quiet --initial-branch=main
            git config user.name Test
            git config user.email test@example.com
            hack/generate.sh
            git add --all
            git commit --quiet --message "As it was"
            """;
        (await ChildProcess.RunAsync(["bash", "-ec", $"cd \"$2\"; {Script}", "bash", Repository.Root, Path])).EnsureSuccess();
    }

    public ValueTask DisposeAsync()
    {
        Directory.Delete(Path, recursive: true);
        return ValueTask.CompletedTask;
    }
}

/// <summary>hack/release.sh.</summary>
public sealed class ReleaseScriptTests(UnreleasedRepository unreleased) : IClassFixture<UnreleasedRepository>, IAsyncLifetime
{
    private const string Changes = UnreleasedRepository.Changes;

    private readonly string _repository = $"{Directory.CreateTempSubdirectory("release-tests-").FullName}/repository";

    public async ValueTask InitializeAsync() => (await ChildProcess.RunAsync(["cp", "-r", unreleased.Path, _repository])).EnsureSuccess();

    public ValueTask DisposeAsync()
    {
        Directory.Delete(Path.GetDirectoryName(_repository)!, recursive: true);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task The_notes_of_a_release_are_its_section_of_the_changelog()
    {
        var script = Path.Combine(_repository, "hack/release.sh");

        (await RunAsync(script, "print-notes", "0.9.0")).EnsureSuccess().Output.Trim().Should().Be("- Something old.");
        (await RunAsync(script, "print-notes", "0.9")).Error.Trim().Should().Be("error: CHANGELOG.md has no section for 0.9");
    }

    [Fact]
    public async Task A_release_sets_its_version_everywhere_and_leaves_the_commit_to_the_person()
    {
        var released = (await ReleaseAsync("1.0.0")).EnsureSuccess();

        Read("VERSION").Should().Be("1.0.0\n");
        Read("charts/gardener-extension-runtime-gvisor/Chart.yaml").Should().Contain("\nversion: 1.0.0\n").And.Contain("\nappVersion: 1.0.0\n");
        Read("example/extension.yaml").Should().EndWith(":v1.0.0\n");
        Read("CHANGELOG.md").Should().Be(Changes.Replace("## Unreleased\n", "## Unreleased\n\n## 1.0.0 - 2026-11-25\n", StringComparison.Ordinal));
        (await RunAsync(Path.Combine(_repository, "hack/generate.sh"), "check")).ExitCode.Should().Be(0);
        (await OutputOfGitAsync("status", "--porcelain")).Should().NotBeEmpty();
        (await OutputOfGitAsync("tag")).Should().BeEmpty();
        released.Error.Should().Contain("git tag -a v1.0.0 -m 'Release 1.0.0'").And.Contain("make release VERSION=1.1.0-dev");
    }

    [Fact]
    public async Task With_RELEASE_COMMIT_it_commits_and_tags()
    {
        (await ReleaseAsync("1.0.0", commit: true)).EnsureSuccess();

        (await OutputOfGitAsync("status", "--porcelain")).Should().BeEmpty();
        (await OutputOfGitAsync("log", "-1", "--format=%s %D")).Should().Be("Release 1.0.0 HEAD -> main, tag: v1.0.0\n");
        (await OutputOfGitAsync("show", "v1.0.0:VERSION")).Should().Be("1.0.0\n");
    }

    [Fact]
    public async Task The_next_release_is_opened_without_section_and_tag()
    {
        (await ReleaseAsync("1.0.0", commit: true)).EnsureSuccess();

        (await ReleaseAsync("1.1.0-dev", commit: true)).EnsureSuccess();

        Read("VERSION").Should().Be("1.1.0-dev\n");
        Read("CHANGELOG.md").Should().NotContain("1.1.0");
        (await OutputOfGitAsync("tag")).Should().Be("v1.0.0\n");
        (await ReleaseAsync("1.1.0")).Error.Should().Contain("the section 'Unreleased' of CHANGELOG.md is empty: nothing to release");
    }

    [Theory]
    [InlineData("v1.0.0")]
    [InlineData("1.0")]
    [InlineData("1.0.0.0")]
    [InlineData("01.0.0")]
    [InlineData("1.0.0-")]
    [InlineData("1.0.0-rc..1")]
    [InlineData("1.0.0-rc.01")]
    [InlineData("1.0.0+build")]
    [InlineData("latest")]
    public async Task What_is_no_semantic_version_is_refused(string version) =>
        await ShouldRefuseAsync(version, $"error: VERSION must be a semantic version such as 1.2.3 or 1.2.3-rc.1, without v and build metadata, not '{version}'");

    [Theory]
    [InlineData("1.0.0-dev")]
    [InlineData("1.0.0-alpha.1")]
    [InlineData("0.45.0")]
    public async Task A_version_that_is_not_higher_is_refused(string version) =>
        await ShouldRefuseAsync(version, $"error: VERSION must be higher than the current version 1.0.0-dev, not '{version}'");

    [Theory]
    [InlineData("1.0.0-rc.9", "1.0.0-rc.10")]
    [InlineData("1.0.0-rc.1", "1.0.0")]
    [InlineData("1.9.0", "1.10.0")]
    [InlineData("1.0.0", "1.0.1-dev")]
    public async Task Versions_have_the_order_of_Semantic_Versioning(string lower, string higher)
    {
        Write("VERSION", $"{lower}\n");
        await GenerateAsync();
        await CommitAsync();
        (await ReleaseAsync(lower)).ExitCode.Should().Be(1);

        (await ReleaseAsync(higher)).EnsureSuccess();

        Read("VERSION").Should().Be($"{higher}\n");
    }

    [Fact]
    public async Task A_tree_with_changes_is_refused()
    {
        Write("new-file", "");

        (await ReleaseAsync("1.0.0")).Error.Trim().Should().StartWith("error: the working tree has changes that are not committed: ?? new-file");
        Read("VERSION").Should().Be("1.0.0-dev\n");
    }

    [Fact]
    public async Task A_version_that_is_tagged_is_refused()
    {
        await RunAsync("git", "tag", "v1.0.0");

        await ShouldRefuseAsync("1.0.0", "error: there is a tag v1.0.0 already");
    }

    [Theory]
    [InlineData("- Something new.\n", "error: the section 'Unreleased' of CHANGELOG.md is empty: nothing to release")]
    [InlineData("## Unreleased\n", "error: CHANGELOG.md has no section '## Unreleased'")]
    public async Task A_release_without_a_line_for_users_is_refused(string missing, string message)
    {
        Write("CHANGELOG.md", Changes.Replace(missing, "", StringComparison.Ordinal));
        await CommitAsync();

        await ShouldRefuseAsync("1.0.0", message);
    }

    [Fact]
    public async Task A_generated_file_that_is_not_current_is_named()
    {
        Write("VERSION", "1.0.1-dev\n");

        var check = await RunAsync(Path.Combine(_repository, "hack/generate.sh"), "check");

        check.ExitCode.Should().Be(1);
        check.Error.Should().Contain("error: not current, 'make generate' writes them: charts/gardener-extension-runtime-gvisor/Chart.yaml example/extension.yaml");
        Read("charts/gardener-extension-runtime-gvisor/Chart.yaml").Should().Contain("version: 1.0.0-dev", "a check changes nothing");
    }

    private async Task ShouldRefuseAsync(string version, string message)
    {
        var refused = await ReleaseAsync(version, commit: true);

        refused.ExitCode.Should().Be(1);
        refused.Error.Trim().Should().Be(message);
        (await OutputOfGitAsync("status", "--porcelain")).Should().BeEmpty("nothing half-done may stay");
        (await OutputOfGitAsync("rev-list", "--count", "HEAD")).Trim().Should().NotBe("0");
    }

    private Task<CommandResult> ReleaseAsync(string version, bool commit = false) => ChildProcess.RunAsync(
        [Path.Combine(_repository, "hack/release.sh"), version],
        environment: new Dictionary<string, string?> { ["RELEASE_DATE"] = "2026-11-25", ["RELEASE_COMMIT"] = commit ? "1" : null });

    private async Task GenerateAsync() => (await RunAsync(Path.Combine(_repository, "hack/generate.sh"))).EnsureSuccess();

    private async Task CommitAsync()
    {
        (await RunAsync("git", "add", "--all")).EnsureSuccess();
        (await RunAsync("git", "commit", "--quiet", "--message", "As it was")).EnsureSuccess();
    }

    private async Task<string> OutputOfGitAsync(params string[] arguments) => (await RunAsync("git", arguments)).EnsureSuccess().Output;

    private Task<CommandResult> RunAsync(string program, params string[] arguments) =>
        ChildProcess.RunAsync(program == "git" ? ["git", "-C", _repository, .. arguments] : [program, .. arguments]);

    private string Read(string file) => File.ReadAllText(Path.Combine(_repository, file));

    private void Write(string file, string text) => File.WriteAllText(Path.Combine(_repository, file), text);
}
