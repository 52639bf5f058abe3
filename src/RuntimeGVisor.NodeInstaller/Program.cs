// SPDX-License-Identifier: Apache-2.0

using RuntimeGVisor.NodeInstaller.CommandLine;

return await InstallerCommand.RunAsync(args, Console.Out, Console.Error);
