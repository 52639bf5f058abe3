// SPDX-License-Identifier: Apache-2.0

namespace EndToEnd.Tests;

/// <summary>The images that operators would get, made once for all stories by <c>hack/images.sh</c> while their clusters come up.</summary>
public sealed class Images : IAsyncLifetime
{
    /// <summary>The two releases of gVisor that Debian has.</summary>
    internal const string OldGVisor = "20221219.0";

    internal const string NewGVisor = "20240729.0";

    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(20);
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("images-");
    private Task _made = Task.CompletedTask;

    /// <summary>The controller, under the name of a development registry.</summary>
    internal Image Controller { get; private set; } = null!;

    /// <summary>The node installer with the old gVisor, under the name that the controller's built-in image vector has.</summary>
    internal Image Installer { get; private set; } = null!;

    /// <summary>The node installer of another registry with the new gVisor.</summary>
    internal Image NewerInstaller { get; private set; } = null!;

    public ValueTask InitializeAsync()
    {
        _made = MakeAllAsync();
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await _made.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _directory.Delete(recursive: true);
    }

    /// <summary>Returns when all of them are there.</summary>
    internal Task WhenMadeAsync() => _made;

    private async Task MakeAllAsync()
    {
        Controller = await MakeAsync("gardener-extension-runtime-gvisor", NewGVisor, "localhost");
        Installer = await MakeAsync("runtime-gvisor-installation", OldGVisor, prefix: null);
        NewerInstaller = await MakeAsync("runtime-gvisor-installation", NewGVisor, "localhost");
    }

    private async Task<Image> MakeAsync(string name, string gvisor, string? prefix)
    {
        var output = _directory.CreateSubdirectory($"{name}-{gvisor}").FullName;
        var mirror = await RunAsync([Cluster.Script("node/gvisor-mirror.sh"), Path.Combine(_directory.FullName, "mirror", gvisor), gvisor], []);
        var environment = mirror.Split('\n').Where(line => line.StartsWith("GVISOR_", StringComparison.Ordinal)).Select(line => line.Split('=', 2))
            .ToDictionary(pair => pair[0], string? (pair) => pair[1], StringComparer.Ordinal);
        environment["ARCHITECTURES"] = "amd64";
        environment["IMAGES_OUTPUT"] = output;
        if (prefix is not null)
        {
            environment["IMAGE_PREFIX"] = prefix;
        }

        // A line for each archive: PATH REFERENCE@DIGEST.
        var archive = Path.Combine(output, $"{name}-amd64.tar");
        var printed = await RunAsync([Cluster.Script("images.sh"), name], environment);
        var reference = printed.Split('\n').Single(line => line.StartsWith($"{archive} ", StringComparison.Ordinal)).Split(' ')[1].Split('@')[0];
        return new Image(archive, reference);
    }

    private static Task<string> RunAsync(IReadOnlyList<string> command, Dictionary<string, string?> environment) =>
        ChildProcess.GetOutputAsync(command, environment, Timeout, TestContext.Current.CancellationToken);
}

/// <summary>An image in a file.</summary>
/// <param name="Archive">An OCI archive.</param>
/// <param name="Reference">Its name with the tag.</param>
internal sealed record Image(string Archive, string Reference)
{
    public string Repository => Reference[..Reference.LastIndexOf(':')];

    public string Tag => Reference[(Reference.LastIndexOf(':') + 1)..];
}
