// SPDX-License-Identifier: Apache-2.0

using System.Text.Json.Nodes;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using RuntimeGVisor.NodeInstaller.Containerd.Api;

namespace RuntimeGVisor.NodeInstaller.Containerd;

/// <summary>The sandbox of a verification as containerd's own API takes it.</summary>
/// <param name="Id">containerd's identifier.</param>
/// <param name="Request">What it is for.</param>
internal sealed record VerificationSandbox(string Id, VerificationRequest Request)
{
    /// <summary>
    /// containerd's namespace of all verifications. The CRI, and with it the kubelet, knows of <c>k8s.io</c> only: a sandbox there that belongs
    /// to no pod is ended within seconds.
    /// </summary>
    public const string Namespace = "gvisor-node-installer";

    private const string Runtime = "io.containerd.runsc.v1";
    private static readonly string[] NamespaceTypes = ["pid", "ipc", "uts", "mount", "network"];
    private const string ProgramInSandbox = "/gvisor-node-installer";

    /// <summary>The directory that becomes the root; nothing is in it but the places of the mounts.</summary>
    public string Root => Path.Join(Request.Directory, "root");

    /// <summary>The file that takes what the program prints.</summary>
    public string Output => Path.Join(Request.Directory, "output");

    /// <summary>Where the sandbox's cgroup shall be, in the form that runsc wants of this node.</summary>
    public string CgroupsPath => Request.SystemdCgroup ? $"system.slice:{Namespace}:{Id}" : $"/{Namespace}-{Id}";

    /// <summary>What every call about verifications is sent with.</summary>
    public static Metadata Headers => new() { { "containerd-namespace", Namespace } };

    public Container ToContainer() => new()
    {
        Id = Id,
        Runtime = new()
        {
            Name = Runtime,
            Options = new Any
            {
                TypeUrl = Options.Descriptor.FullName,
                Value = new Options { TypeUrl = Configuration.HandlerEntry.TypeUrl, ConfigPath = Request.ConfigPath }.ToByteString(),
            },
        },
        Spec = new Any
        {
            TypeUrl = "types.containerd.io/opencontainers/runtime-spec/1/Spec",
            Value = ByteString.CopyFromUtf8(ToSpecification()),
        },
    };

    /// <summary>Without standard input: the shim takes files for output, and nobody has to be at their other end.</summary>
    public CreateTaskRequest ToTask() => new() { ContainerId = Id, Stdout = Output, Stderr = Output };

    /// <summary>Makes what the sandbox needs on the node.</summary>
    /// <exception cref="IOException">It cannot be made.</exception>
    public void CreateFiles()
    {
        Directory.CreateDirectory(Path.Join(Root, "proc"));
        File.WriteAllBytes(Root + ProgramInSandbox, []);
        File.WriteAllBytes(Output, []);
    }

    private string ToSpecification() => new JsonObject
    {
        ["ociVersion"] = "1.0.2",
        ["process"] = new JsonObject
        {
            ["user"] = new JsonObject { ["uid"] = 0, ["gid"] = 0 },
            ["args"] = new JsonArray(ProgramInSandbox, NodeVerbs.KernelLog),
            ["env"] = new JsonArray("PATH=/"),
            ["cwd"] = "/",
            ["noNewPrivileges"] = true,
        },
        ["root"] = new JsonObject { ["path"] = Root, ["readonly"] = true },
        ["mounts"] = new JsonArray(
            new JsonObject { ["destination"] = "/proc", ["type"] = "proc", ["source"] = "proc" },
            new JsonObject
            {
                ["destination"] = ProgramInSandbox,
                ["type"] = "bind",
                ["source"] = Request.Program,
                ["options"] = new JsonArray("bind", "ro"),
            }),
        // Without it the shim does not take the container for a sandbox.
        ["annotations"] = new JsonObject { ["io.kubernetes.cri.container-type"] = "sandbox" },
        ["linux"] = new JsonObject
        {
            ["cgroupsPath"] = CgroupsPath,
            // A network of its own, with nothing in it: no plugin has to be there.
            ["namespaces"] = new JsonArray([.. NamespaceTypes.Select(type => new JsonObject { ["type"] = type })]),
        },
    }.ToJsonString();

}
