// SPDX-License-Identifier: Apache-2.0

using System.Collections.Concurrent;
using System.Formats.Tar;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Images.Tests;

/// <summary>A release storage of gVisor: a directory with files of three versions, one in each layout, also served over HTTP.</summary>
internal sealed class GVisorStorage : IAsyncDisposable
{
    /// <summary>A version of loose files.</summary>
    public const string Loose = "20240729.0";

    /// <summary>A version that is one archive, compressed with bzip2, with further files next to runsc.</summary>
    public const string Bzip2Archive = "20260810.0";

    /// <summary>A version whose archive is there in both compressions.</summary>
    public const string Archive = "20260928.0";

    private const string ErrorPage = "<?xml version='1.0'?><Error><Code>NoSuchKey</Code></Error>";
    private static readonly string[] Machines = ["x86_64", "aarch64"];

    private readonly WebApplication _server;

    private GVisorStorage(string directory, WebApplication server)
    {
        Directory = directory;
        _server = server;
    }

    public string Directory { get; }

    public string Url { get; private set; } = "";

    /// <summary>The checksums of all files, in the form in which they are pinned.</summary>
    public string Checksums => Path.Combine(Directory, "gvisor.sha512");

    /// <summary>Paths that were asked for.</summary>
    public ConcurrentQueue<string> Requests { get; } = [];

    /// <summary>Whether answers break off before their end.</summary>
    public bool BreaksOff { get; set; }

    /// <summary>Whether an error page comes with the code of success.</summary>
    public bool AnswersErrorPages { get; set; }

    public static async Task<GVisorStorage> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        (await ChildProcess.RunAsync([Repository.Script("debian-install.sh"), "bzip2", "zstd"])).EnsureSuccess();
        var storage = new GVisorStorage(System.IO.Directory.CreateTempSubdirectory("gvisor-storage-").FullName, builder.Build());
        foreach (var machine in Machines)
        {
            var architecture = machine == "x86_64" ? "amd64" : "arm64";
            foreach (var name in (string[])["runsc", "containerd-shim-runsc-v1"])
            {
                storage.Publish($"{Loose}/{machine}/{name}", Executables.For(architecture, name));
            }

            var programs = ((string[])["runsc", "containerd-shim-runsc-v1", "gvisor-bin/gvisor_sentry"])
                .Select(name => (name, Executables.For(architecture, name))).ToArray();
            await storage.PublishArchiveAsync($"{Bzip2Archive}/{machine}/gvisor.tar.bz2", programs);
            await storage.PublishArchiveAsync($"{Archive}/{machine}/gvisor.tar.bz2", programs);
            await storage.PublishArchiveAsync($"{Archive}/{machine}/gvisor.tar.zstd", programs);
        }

        storage.WriteChecksums();
        storage._server.Run(storage.AnswerAsync);
        await storage._server.StartAsync(TestContext.Current.CancellationToken);
        storage.Url = storage._server.Urls.Single();
        return storage;
    }

    /// <summary>From now on nobody answers.</summary>
    public Task StopAsync() => _server.StopAsync();

    public string PathOf(string path) => Path.Combine(Directory, path);

    /// <summary>Puts a file there, and beside it the checksum that the publisher gives.</summary>
    public void Publish(string path, byte[] content)
    {
        var file = PathOf(path);
        System.IO.Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllBytes(file, content);
        File.WriteAllText($"{file}.sha512", $"{Convert.ToHexStringLower(SHA512.HashData(content))}  {Path.GetFileName(file)}\n");
    }

    /// <summary>Puts an archive there, compressed as its name says.</summary>
    public async Task PublishArchiveAsync(string path, IEnumerable<(string Name, byte[] Content)> files, params TarEntry[] others)
    {
        var tar = PathOf("gvisor.tar");
        await using (var writer = new TarWriter(File.Create(tar)))
        {
            foreach (var (name, content) in files)
            {
                await writer.WriteEntryAsync(new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(content) });
            }

            foreach (var other in others)
            {
                await writer.WriteEntryAsync(other);
            }
        }

        var compressed = $"{tar}{Path.GetExtension(path)}";
        var program = path.EndsWith(".zstd", StringComparison.Ordinal) ? "zstd" : "bzip2";
        (await ChildProcess.RunAsync(["bash", "-c", $"{program} -c '{tar}' > '{compressed}'"])).EnsureSuccess();
        Publish(path, await File.ReadAllBytesAsync(compressed));
        File.Delete(tar);
        File.Delete(compressed);
    }

    /// <summary>Pins what is there now.</summary>
    public void WriteChecksums() => File.WriteAllText(
        Checksums,
        string.Concat(System.IO.Directory.EnumerateFiles(Directory, "*", SearchOption.AllDirectories)
            .Where(file => !file.EndsWith(".sha512", StringComparison.Ordinal))
            .Select(file => $"{Convert.ToHexStringLower(SHA512.HashData(File.ReadAllBytes(file)))}  {Path.GetRelativePath(Directory, file)}\n")));

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        System.IO.Directory.Delete(Directory, recursive: true);
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var path = context.Request.Path.Value!.TrimStart('/');
        Requests.Enqueue(path);
        var file = System.IO.Directory.EnumerateFiles(Directory, "*", SearchOption.AllDirectories).FirstOrDefault(file => Path.GetRelativePath(Directory, file) == path);
        var exists = file is not null && !AnswersErrorPages;
        var content = exists ? await File.ReadAllBytesAsync(file!) : Encoding.UTF8.GetBytes(ErrorPage);
        context.Response.StatusCode = exists || AnswersErrorPages ? StatusCodes.Status200OK : StatusCodes.Status404NotFound;
        context.Response.ContentLength = content.Length;
        await context.Response.Body.WriteAsync(content.AsMemory(0, BreaksOff ? content.Length / 2 : content.Length));
        await context.Response.Body.FlushAsync();
        if (BreaksOff)
        {
            context.Abort();
        }
    }
}
