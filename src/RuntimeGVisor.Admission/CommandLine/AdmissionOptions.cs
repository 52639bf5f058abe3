// SPDX-License-Identifier: Apache-2.0

using System.Collections.Immutable;

namespace RuntimeGVisor.Admission.CommandLine;

/// <summary>What the program was started with; the flags have the defaults.</summary>
internal sealed record AdmissionOptions
{
    public string? Kubeconfig { get; init; }

    /// <summary>The cluster with the webhook configuration and the shoots; null when it is the program's own.</summary>
    public string? GardenKubeconfig { get; init; }

    public required string WebhookBindAddress { get; init; }

    public required string MetricsBindAddress { get; init; }

    public required string HealthBindAddress { get; init; }

    public required string WebhookConfigurationName { get; init; }

    /// <summary>Names of the server in a certificate that the program makes itself.</summary>
    public ImmutableArray<string> ServerNames { get; init; } = [];

    /// <summary>Where certificate and key are mounted; null when the program makes its own.</summary>
    public string? CertificateDirectory { get; init; }

    public required string CertificateSecretName { get; init; }

    public string? Namespace { get; init; }

    /// <summary>The operator's policy about flags; null for the built-in one.</summary>
    public string? FlagPolicy { get; init; }

    /// <summary>How long requests are still taken after the program was told to end.</summary>
    public required TimeSpan DrainTime { get; init; }

    public required string LogLevel { get; init; }

    public required string LogFormat { get; init; }
}
