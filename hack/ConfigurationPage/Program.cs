// SPDX-License-Identifier: Apache-2.0

// ConfigurationPage CHART <HELP: prints docs/operations/configure.md, from the values of the chart in a folder and the controller's --help.
using ConfigurationPage;

if (args is not [var chart])
{
    await Console.Error.WriteLineAsync("usage: ConfigurationPage CHART <HELP");
    return 1;
}

var values = ChartValue.Read(await File.ReadAllTextAsync(Path.Combine(chart, "values.schema.json")), await File.ReadAllTextAsync(Path.Combine(chart, "values.yaml")));
var flags = ProgramFlag.Read(await Console.In.ReadToEndAsync());
Console.Out.Write(Page.Write(values, flags));
return 0;
