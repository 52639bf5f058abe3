// SPDX-License-Identifier: Apache-2.0

// The scale test: what the controller takes for many ContainerRuntimes, beside the bare writes that nobody can do without.

using System.CommandLine;
using Measurement;
using Scale;

var runs = new Option<int>("--runs") { Description = "How often everything is measured; the report gives medians.", DefaultValueFactory = _ => 3 };
var namespaces = new Option<int>("--namespaces")
{
    Description = "Shoot namespaces, each with two ContainerRuntimes. Less than 200 is a short run, which proves nothing about scale.",
    DefaultValueFactory = _ => Workload.JudgedNamespaces,
};
var report = new Option<string?>("--report") { Description = "The Markdown file to write; the report is printed in any case." };
var clusters = new Option<int>("--clusters")
{
    Description = "The most Clusters with which the growth is measured; 0 leaves it out.",
    DefaultValueFactory = _ => GrowthRun.Steps[^1],
};
runs.Validators.Add(result => AtLeast(1, result.GetValueOrDefault<int>(), result.AddError));
namespaces.Validators.Add(result => AtLeast(Workload.SmallestNumberOfNamespaces, result.GetValueOrDefault<int>(), result.AddError));

var command = new RootCommand("Measures the controller that CONTROLLER_EXECUTABLE names on control planes of its own.") { runs, namespaces, clusters, report };
command.SetAction((arguments, cancellationToken) => MeasureAsync(
    arguments.GetValue(runs), arguments.GetValue(namespaces), arguments.GetValue(clusters), arguments.GetValue(report), cancellationToken));

// Started by the benchmark itself.
var kubeconfig = new Argument<string>("kubeconfig");
var authority = new Argument<string>("certificate-authority-file");
var payload = new Argument<string>("payload-file");
var write = new Command("write", "Sends the bare writes for the requests on standard input.") { kubeconfig, authority, payload };
write.Hidden = true;
write.SetAction(async (arguments, cancellationToken) =>
{
    var objects = Payload.Parse(await File.ReadAllTextAsync(arguments.GetValue(payload)!, cancellationToken));
    using var writers = new BareWriters(arguments.GetValue(kubeconfig)!, arguments.GetValue(authority)!, objects, MeasuredController.Workers);
    await writers.RunAsync(Console.In, Console.Out);
    return 0;
});
command.Add(write);
return await command.Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromMinutes(1) });

static async Task<int> MeasureAsync(int runs, int namespaces, int clusters, string? report, CancellationToken cancellationToken)
{
    var progress = new Progress(Console.Error);
    var measured = new List<RunFigures>();
    Setting? setting = null;
    for (var number = 1; number <= runs; number++)
    {
        progress.Say($"run {number} of {runs}");
        await using var run = await ScaleRun.StartAsync(namespaces, progress, cancellationToken);
        setting ??= await Setting.ReadAsync(run.ControlPlane, cancellationToken);
        measured.Add(await run.MeasureAsync(cancellationToken));
    }

    var growth = clusters >= GrowthRun.Steps[0] ? await new GrowthRun(progress).MeasureAsync(clusters, cancellationToken) : [];
    var text = Report.Write(setting!, namespaces, measured, growth);
    Console.Write(text);
    if (report is not null)
    {
        await File.WriteAllTextAsync(report, text, cancellationToken);
        foreach (var (name, image) in Report.Plots(growth))
        {
            await File.WriteAllTextAsync(Path.Combine(Path.GetDirectoryName(report)!, name), image, cancellationToken);
        }
    }

    return 0;
}

static void AtLeast(int smallest, int value, Action<string> addError)
{
    if (value < smallest)
    {
        addError($"'{value}' is not allowed: a whole number from {smallest}.");
    }
}
