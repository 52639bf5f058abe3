// SPDX-License-Identifier: Apache-2.0

using System.Diagnostics;
using ControlPlane;
using Measurement;

namespace Scale;

/// <summary>The bare writes as a process of their own, so that the kernel tells what they take of the machine.</summary>
internal sealed class WriterProcess : IAsyncDisposable
{
    private readonly Process _process;

    private WriterProcess(Process process) => _process = process;

    public ProcessUse Use => new(_process.Id);

    public static async Task<WriterProcess> StartAsync(LocalControlPlane controlPlane, Payload payload)
    {
        var file = Path.Combine(controlPlane.Directory, "payload.json");
        await File.WriteAllTextAsync(file, payload.ToJson());
        var start = new ProcessStartInfo(Environment.ProcessPath!, ["write", controlPlane.AdminKubeconfig, controlPlane.CertificateAuthorityFile, file])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        return new WriterProcess(Process.Start(start)!);
    }

    /// <summary>Runs a load and has each of its requests answered.</summary>
    public async Task AnswerAsync(Writes writes, Func<Action<Request>, Task> load)
    {
        var input = TextWriter.Synchronized(_process.StandardInput);
        await load(request =>
        {
            input.WriteLine($"{writes} {request.Key.Namespace} {request.Key.Name} {request.Pool} {request.ResourceVersion}");
            input.Flush();
        });
        await input.WriteLineAsync(BareWriters.End);
        await input.FlushAsync();
        if (await _process.StandardOutput.ReadLineAsync() != BareWriters.End)
        {
            throw new InvalidOperationException("The bare writes have failed; see above.");
        }
    }

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}
