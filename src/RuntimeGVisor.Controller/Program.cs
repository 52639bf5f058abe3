// SPDX-License-Identifier: Apache-2.0

using RuntimeGVisor.Controller;
using RuntimeGVisor.Controller.CommandLine;

return await RootCommands.Create(ControllerProgram.RunAsync).Parse(args).InvokeAsync(RootCommands.Invocation);
