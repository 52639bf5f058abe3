// SPDX-License-Identifier: Apache-2.0

using Measurement;
using NodeTestBed;

namespace NodeInstaller;

/// <summary>Where and with what was measured.</summary>
internal sealed record Setting(Machine Machine, string Containerd, long ExecutableBytes)
{
    public static Setting Read(TestNode node) => new(Machine.Read(), node.Containerd, new FileInfo(Repository.InstallerExecutable).Length);
}
