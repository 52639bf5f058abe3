// SPDX-License-Identifier: Apache-2.0

using System.Text.Json;

namespace Images.Tests;

/// <summary>The commands of docs/operations/images.md, as they stand there, against a real registry.</summary>
[Collection(typeof(BuiltImagesCollection))]
public sealed class PushTests(BuiltImages images) : IAsyncLifetime
{
    private const string PlaceholderInPage = "registry.example.com";

    private Registry _registry = null!;

    private static string Version { get; } = File.ReadAllText(Path.Combine(Repository.Root, "VERSION")).Trim();

    public async ValueTask InitializeAsync()
    {
        _registry = await Registry.StartAsync(TestContext.Current.CancellationToken);
        (await ChildProcess.RunAsync([Repository.Script("debian-install.sh"), "skopeo"], TimeSpan.FromMinutes(5))).EnsureSuccess();
    }

    public ValueTask DisposeAsync() => _registry.DisposeAsync();

    [Fact]
    public async Task The_documented_commands_push_images_and_chart_with_the_digests_that_were_printed()
    {
        var page = await File.ReadAllTextAsync(Path.Combine(Repository.Root, "docs/operations/images.md"), TestContext.Current.CancellationToken);
        var commands = page.Split("```bash\n").Skip(1).Select(rest => rest.Split("```")[0])
            .Single(block => block.Contains("hack/publish-images.sh", StringComparison.Ordinal));
        commands.Should().Contain(PlaceholderInPage);

        await RunAsync(commands.Replace(PlaceholderInPage, _registry.Address, StringComparison.Ordinal));

        foreach (var (archive, name) in ((string, string)[])
        [
            (BuiltImages.Controller, "gvisor/runtime-gvisor"),
            (BuiltImages.Admission, "gvisor/admission-runtime-gvisor"),
            (BuiltImages.NodeInstaller, "gvisor/runtime-gvisor-installation"),
            ("chart", "gvisor/charts/runtime-gvisor"),
            ("admission-runtime-chart", "gvisor/charts/admission-runtime-gvisor-runtime"),
            ("admission-application-chart", "gvisor/charts/admission-runtime-gvisor-application"),
        ])
        {
            var (manifest, digest) = await _registry.FindAsync(name, $"v{Version}");
            images.Printed.Should().MatchRegex($@"/{archive}\.tar \S+@{digest}\n");
            if (archive.EndsWith("chart", StringComparison.Ordinal))
            {
                continue;
            }

            // All of it came along: what the index leads to is there, too.
            foreach (var image in JsonDocument.Parse(manifest).RootElement.GetProperty("manifests").EnumerateArray())
            {
                var expected = image.GetProperty("digest").GetString()!;
                (await _registry.FindAsync(name, expected)).Digest.Should().Be(expected);
            }
        }
    }

    [Theory]
    [InlineData("COSIGN_PRIVATE_KEY", "a key", " --key env://COSIGN_PRIVATE_KEY")]
    [InlineData("SIGN", "keyless", "")]
    public async Task Each_published_digest_is_signed_and_each_image_attested_by_its_SBOM(string variable, string value, string key)
    {
        var calls = Path.Combine(images.NewDirectory($"cosign-{variable}"), "calls");
        const string Cosign = """mkdir bin; printf '#!/bin/sh\necho "$@" >>"%s"\n' "$CALLS" >bin/cosign; chmod +x bin/cosign; PATH=$PWD/bin:$PATH;""";

        var published = await RunAsync(
            $"{Cosign} hack/publish-images.sh {_registry.Address}/{variable.ToLowerInvariant()}",
            new(StringComparer.Ordinal) { [variable] = value, ["CALLS"] = calls });

        var references = published.Trim().Split('\n').Select(line => line.Replace($":v{Version}@", "@", StringComparison.Ordinal)).ToArray();
        references.Should().HaveCount(6);
        var lines = await File.ReadAllLinesAsync(calls, TestContext.Current.CancellationToken);
        lines.Where(line => line.StartsWith("sign ", StringComparison.Ordinal)).Should()
            .Equal(references.Select(reference => $"sign --yes --recursive{key} {reference}"));
        lines.Where(line => line.StartsWith("attest ", StringComparison.Ordinal)).Should().HaveCount(3).And.AllSatisfy(line =>
            line.Should().Match($"attest --yes{key} --type spdxjson --predicate *-amd64.spdx.json {_registry.Address}/*@sha256:*"));
    }

    [Fact]
    public async Task Skopeo_shows_the_labels_of_an_archive()
    {
        var shown = await RunAsync($"skopeo inspect oci-archive:artifacts/images/{BuiltImages.Controller}.tar");

        JsonDocument.Parse(shown).RootElement.GetProperty("Labels").GetProperty("org.opencontainers.image.version").GetString().Should().Be(Version);
    }

    /// <summary>Runs commands as a person would in a checkout whose images are made, with skopeo told that the registry has no TLS.</summary>
    private async Task<string> RunAsync(string commands, Dictionary<string, string?>? environment = null)
    {
        var checkout = images.NewDirectory($"checkout-{Guid.NewGuid():N}");
        Directory.CreateDirectory(Path.Combine(checkout, "artifacts"));
        File.CreateSymbolicLink(Path.Combine(checkout, "artifacts/images"), images.Output);
        File.CreateSymbolicLink(Path.Combine(checkout, "hack"), Path.Combine(Repository.Root, "hack"));
        File.Copy(Path.Combine(Repository.Root, "VERSION"), Path.Combine(checkout, "VERSION"));
        var registries = Path.Combine(Directory.CreateDirectory(Path.Combine(checkout, ".config/containers")).FullName, "registries.conf");
        await File.WriteAllTextAsync(
            registries,
            $"""
            [[registry]]
            location = "{_registry.Address}"
            insecure = true
            """);
        var result = await ChildProcess.RunAsync(
            ["bash", "-euc", $"cd '{checkout}'\n{commands}"],
            TimeSpan.FromMinutes(2),
            new Dictionary<string, string?>(environment ?? [], StringComparer.Ordinal) { ["HOME"] = checkout });
        return result.EnsureSuccess().Output;
    }
}
