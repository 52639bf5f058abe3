// SPDX-License-Identifier: Apache-2.0

namespace RuntimeGVisor.NodeInstaller.Convergence;

/// <summary>A release with flags that cost a restart of containerd and failed.</summary>
/// <param name="ConfigPath">runsc's configuration; its name stands for the release and its flags.</param>
/// <param name="Inputs">Fingerprint of what else could have made it fail.</param>
/// <param name="Reason">How it failed.</param>
/// <param name="Message">The same for people.</param>
/// <param name="Time">When.</param>
internal sealed record RejectedInstallation(string ConfigPath, string Inputs, FailureReason Reason, string Message, DateTimeOffset Time)
{
    private static readonly TimeSpan Pause = TimeSpan.FromDays(1);

    /// <summary>When it is tried again though no input has changed.</summary>
    public DateTimeOffset RetryAt => Time + Pause;

    /// <summary>Whether trying it again would only repeat the failure.</summary>
    public bool Applies(string configPath, string inputs, DateTimeOffset now) =>
        ConfigPath == configPath && Inputs == inputs && now >= Time && now < RetryAt;
}
