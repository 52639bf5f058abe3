// SPDX-License-Identifier: Apache-2.0

// What the node installer takes on a node, beside a plain script that copies, appends and restarts.

using System.CommandLine;
using Measurement;
using NodeInstaller;
using NodeTestBed;

var runs = new Option<int>("--runs") { Description = "How often everything is measured; the report gives medians.", DefaultValueFactory = _ => 7 };
runs.Validators.Add(result =>
{
    if (result.GetValueOrDefault<int>() is < 1 and var value)
    {
        result.AddError($"'{value}' is not allowed: a whole number from 1.");
    }
});
var containerd = new Option<string>("--containerd") { Description = "The node's containerd.", DefaultValueFactory = _ => "1.6" };
containerd.AcceptOnlyFromAmong("1.6", "1.7", "2");
var report = new Option<string?>("--report") { Description = "The Markdown file to write; the report is printed in any case." };

var command = new RootCommand("Measures the installer that NODE_INSTALLER_EXECUTABLE names on the node test bed.") { runs, containerd, report };
command.SetAction((arguments, cancellationToken) => MeasureAsync(
    arguments.GetValue(runs), arguments.GetValue(containerd)!, arguments.GetValue(report), cancellationToken));
return await command.Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromMinutes(1) });

static async Task<int> MeasureAsync(int runs, string containerd, string? report, CancellationToken cancellationToken)
{
    var progress = new Progress(Console.Error);
    progress.Say($"node with containerd {containerd}");
    await using var node = new TestNode(containerd);
    await node.StartAsync();
    if (node.Unavailable is { } reason)
    {
        await Console.Error.WriteLineAsync(reason);
        return 1;
    }

    var run = new NodeRun(node);
    progress.Say($"a run that does not count: files come into memory, programs warm up");
    await run.MeasureAsync(cancellationToken);
    var setting = Setting.Read(node);
    var measured = new List<NodeFigures>();
    for (var number = 1; number <= runs; number++)
    {
        measured.Add(await run.MeasureAsync(cancellationToken));
        progress.Say($"run {number} of {runs}: script {measured[^1].Script.Serving.TotalMilliseconds:0} ms, installer {measured[^1].Installer.Serving.TotalMilliseconds:0} ms");
    }

    var text = Report.Write(setting, measured);
    Console.Write(text);
    if (report is not null)
    {
        await File.WriteAllTextAsync(report, text, cancellationToken);
    }

    return 0;
}
