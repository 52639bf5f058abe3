// SPDX-License-Identifier: Apache-2.0

using RuntimeGVisor.Admission;
using RuntimeGVisor.Admission.CommandLine;

return await AdmissionCommand.Create(AdmissionProgram.RunAsync).Parse(args).InvokeAsync(AdmissionCommand.Invocation);
