// SPDX-License-Identifier: Apache-2.0

namespace Images.Tests;

/// <summary>All images and charts, made by <c>hack/images.sh</c> from the native executables that were published before, with small files for gVisor's.</summary>
public sealed class BuiltImages : IAsyncLifetime
{
    internal const string Controller = "gardener-extension-runtime-gvisor";
    internal const string Admission = "gardener-extension-admission-runtime-gvisor";
    internal const string NodeInstaller = "runtime-gvisor-installation";

    private readonly string _directory = Directory.CreateTempSubdirectory("images-tests-").FullName;

    internal string Output => Path.Combine(_directory, "first");

    internal string Printed { get; private set; } = "";

    internal GVisorStorage GVisor { get; private set; } = null!;

    private static string Published(string variable, string project, string program) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } path
            ? Path.GetFullPath(path)
            : Path.Combine(Repository.Root, $"artifacts/publish/{project}/release_linux-x64/{program}");

    /// <summary>The program of an image.</summary>
    internal static string Executable(string image) => image switch
    {
        Controller => Published("CONTROLLER_EXECUTABLE", "RuntimeGVisor.Controller", Controller),
        Admission => Published("ADMISSION_EXECUTABLE", "RuntimeGVisor.Admission", Admission),
        _ => Published("NODE_INSTALLER_EXECUTABLE", "RuntimeGVisor.NodeInstaller", "gvisor-node-installer"),
    };

    public async ValueTask InitializeAsync()
    {
        GVisor = await GVisorStorage.StartAsync();
        Printed = (await MakeAsync(Output)).EnsureSuccess().Output;
    }

    public async ValueTask DisposeAsync()
    {
        await GVisor.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    /// <summary>A directory of its own for a test.</summary>
    internal string NewDirectory(string name) => Directory.CreateDirectory(Path.Combine(_directory, name)).FullName;

    /// <summary>Makes images once more.</summary>
    internal Task<CommandResult> MakeAsync(string output, string[]? names = null, string architectures = "amd64", string? umask = null) =>
        ChildProcess.RunAsync(
            ["bash", "-c", $"umask {umask ?? "022"}; exec \"$@\"", "bash", Repository.Script("images.sh"), .. names ?? []],
            TimeSpan.FromMinutes(5),
            new Dictionary<string, string?>(StringComparer.Ordinal)
            {
                ["CONTROLLER_EXECUTABLE"] = Executable(Controller),
                ["ADMISSION_EXECUTABLE"] = Executable(Admission),
                ["NODE_INSTALLER_EXECUTABLE"] = Executable(NodeInstaller),
                ["ARCHITECTURES"] = architectures,
                ["IMAGES_OUTPUT"] = output,
                ["GVISOR_VERSION"] = GVisorStorage.Archive,
                ["GVISOR_DIRECTORY"] = GVisor.Directory,
                ["GVISOR_CHECKSUMS"] = GVisor.Checksums,
                ["TMPDIR"] = NewDirectory($"tmp-{Path.GetFileName(output)}"),
            });
}

/// <summary>Tests that read the same images.</summary>
[CollectionDefinition]
public sealed class BuiltImagesCollection : ICollectionFixture<BuiltImages>;
