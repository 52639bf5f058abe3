// SPDX-License-Identifier: Apache-2.0

using RuntimeGVisor.NodeInstaller.CommandLine;

return (int)await Application.RunAsync(args, Console.Out, Console.Error);
