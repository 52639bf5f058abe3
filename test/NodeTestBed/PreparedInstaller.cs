// SPDX-License-Identifier: Apache-2.0

using System.Text.Json.Nodes;

namespace NodeTestBed;

/// <summary>
/// An installer in a container that is complete and waits for its start, so that what runc takes does not count: runc's own process waits
/// at a named pipe, and becomes the installer as soon as somebody opens the other end.
/// </summary>
public sealed class PreparedInstaller : IAsyncDisposable
{
    private readonly TestNode _node;
    private readonly string _identity;
    private readonly string _output;
    private readonly int _httpPort;
    private bool _isDisposed;

    private PreparedInstaller(TestNode node, string identity, string output, int process, int httpPort)
    {
        _node = node;
        _identity = identity;
        _output = output;
        ProcessId = process;
        _httpPort = httpPort;
    }

    /// <summary>The process as the machine sees it.</summary>
    public int ProcessId { get; }

    public override string ToString() => File.ReadAllText(_node.PathOf(_output));

    public static async Task<PreparedInstaller> CreateAsync(TestNode node, string identity, string bundle, int httpPort)
    {
        var output = $"{bundle}/output";
        var created = await node.RunAsync("sh", "-c", $"exec runc --root {InstallerRun.RuncState} create --bundle {bundle} {identity} >{output} 2>&1");
        if (created.ExitCode != 0)
        {
            throw new InvalidOperationException($"{created}\n{await File.ReadAllTextAsync(node.PathOf(output))}");
        }

        var state = (await node.RunAsync("runc", "--root", InstallerRun.RuncState, "state", identity)).EnsureSuccess();
        return new(node, identity, output, ProcessOf(node, (int)JsonNode.Parse(state.Output)!["pid"]!), httpPort);
    }

    /// <summary>Lets the program begin.</summary>
    public void Start()
    {
        using var gate = File.OpenRead(_node.PathOf($"{InstallerRun.RuncState}/{_identity}/exec.fifo"));
        _ = gate.ReadByte();
    }

    public Task WaitUntilReadyAsync() => Eventually.BecomesTrueAsync(
        "the installer is ready", TimeSpan.FromSeconds(20), async _ => await _node.GetAsync("127.0.0.1", _httpPort, "/readyz") is not null, ToString);

    public async ValueTask DisposeAsync()
    {
        if (!_isDisposed)
        {
            _isDisposed = true;
            await _node.RunAsync("runc", "--root", InstallerRun.RuncState, "delete", "--force", _identity);
        }
    }

    /// <summary>The machine's number of a process of the node: it has one in each PID namespace from the machine's down to its own.</summary>
    private static int ProcessOf(TestNode node, int numberInNode) =>
        Directory.EnumerateDirectories("/proc")
            .Select(directory => int.TryParse(Path.GetFileName(directory), out var number) ? number : 0)
            .Where(number => number > 0)
            .Single(number => NumbersOf(number) is [_, var inNode, "1"] && inNode == $"{numberInNode}" && IsIn(node, number));

    private static bool IsIn(TestNode node, int process) =>
        Directory.ResolveLinkTarget($"/proc/{process}/ns/net", returnFinalTarget: false)?.Name
        == Directory.ResolveLinkTarget($"/proc/{node.Leader}/ns/net", returnFinalTarget: false)?.Name;

    private static string[] NumbersOf(int process)
    {
        try
        {
            return File.ReadLines($"/proc/{process}/status").First(line => line.StartsWith("NSpid:", StringComparison.Ordinal)).Split('\t')[1..];
        }
        catch (IOException)
        {
            return [];
        }
    }
}
