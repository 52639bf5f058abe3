// SPDX-License-Identifier: Apache-2.0

namespace NodeTestBed.Cri;

/// <summary>The one container of a test's pod. Without a command it sleeps until it is stopped.</summary>
public sealed record PodContainer
{
    public string Image { get; init; } = "localhost/busybox:test";

    public IReadOnlyList<string> Command { get; init; } = ["sleep", "3600"];

    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    public IReadOnlyList<Mount> Mounts { get; init; } = [];

    /// <summary>No other capability than those named, no new privileges, a root that cannot be written, the runtime's own filter of system calls.</summary>
    public bool Restricted { get; init; }

    public IReadOnlyList<string> Capabilities { get; init; } = [];

    public ContainerConfig ToConfig()
    {
        var security = new LinuxContainerSecurityContext
        {
            Capabilities = new(),
            NamespaceOptions = new() { Pid = NamespaceMode.Container },
        };
        if (Restricted)
        {
            security.Capabilities.DropCapabilities.Add("ALL");
            security.Capabilities.AddCapabilities.AddRange(Capabilities);
            security.ReadonlyRootfs = true;
            security.NoNewPrivs = true;
            security.Seccomp = new() { ProfileType = SecurityProfileType.RuntimeDefault };
        }

        var config = new ContainerConfig
        {
            Metadata = new() { Name = "main" },
            Image = new() { Image = Image },
            LogPath = "main.log",
            Linux = new() { SecurityContext = security },
        };
        config.Command.AddRange(Command);
        config.Envs.AddRange(Environment.Select(variable => new KeyValue { Key = variable.Key, Value = variable.Value }));
        config.Mounts.AddRange(Mounts);
        return config;
    }
}

/// <summary>A pod that a test started.</summary>
public sealed record Pod(ContainerRuntime Runtime, string Name, string SandboxId, string ContainerId, string LogFile)
{
    /// <summary>The kernel's log as the container sees it: gVisor's names itself.</summary>
    public Task<string> KernelLogAsync(CancellationToken cancellationToken) => ExecAsync(cancellationToken, "dmesg");

    public async Task<string> ExecAsync(CancellationToken cancellationToken, params string[] command)
    {
        var (exitCode, output) = await Runtime.ExecAsync(ContainerId, command, cancellationToken);
        return exitCode == 0 ? output : throw new InvalidOperationException($"{string.Join(' ', command)}: exit code {exitCode}\n{output}");
    }

    public Task<ContainerStatus> StatusAsync(CancellationToken cancellationToken) => Runtime.ContainerStatusAsync(ContainerId, cancellationToken);

    public Task<string> AddressAsync(CancellationToken cancellationToken) => Runtime.PodAddressAsync(SandboxId, cancellationToken);

    public Task StopAsync(TimeSpan grace, CancellationToken cancellationToken) => Runtime.StopContainerAsync(ContainerId, grace, cancellationToken);

    public Task RemoveAsync(CancellationToken cancellationToken) => Runtime.RemovePodAsync(SandboxId, cancellationToken);
}
