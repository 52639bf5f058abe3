// SPDX-License-Identifier: Apache-2.0

using Node.Tests;
using Xunit.Runner.InProc.SystemConsole;

// What is asked for by name is run; else FULL=1 decides.
return await ConsoleRunner.Run(
    args.Any(arg => arg is "-class" or "-method" or "-namespace" or "-trait") || Environment.GetEnvironmentVariable("FULL") == "1"
        ? args
        : [.. args, "-trait", $"{EveryRunAttribute.TraitName}={EveryRunAttribute.TraitValue}"]);
