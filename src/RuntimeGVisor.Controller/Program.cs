// SPDX-License-Identifier: Apache-2.0

using RuntimeGVisor.Controller.CommandLine;

return await RootCommands.Create().Parse(args).InvokeAsync(RootCommands.Invocation);
