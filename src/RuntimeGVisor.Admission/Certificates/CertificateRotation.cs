// SPDX-License-Identifier: Apache-2.0

using Hosting.Logging;
using Kubernetes.Controllers.Client;
using k8s.Models;

namespace RuntimeGVisor.Admission.Certificates;

/// <summary>Keeps two things current: the caBundle of the webhook configuration and, after it, the certificate that is served.</summary>
/// <param name="configurationName">The webhook configuration.</param>
/// <param name="source">Where certificates come from.</param>
/// <param name="garden">The cluster with the webhook configuration.</param>
/// <param name="served">Gets the certificate.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Is told of changes and failures.</param>
internal sealed partial class CertificateRotation(
    string configurationName, ICertificateSource source, IApiClient garden, ServedCertificate served, TimeProvider time, ILogger<CertificateRotation> logger)
{
    /// <summary>How often it looks.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(2);

    /// <summary>Why there is no certificate yet; null once there is one.</summary>
    public string? Problem { get; private set; } = "there is no certificate yet";

    /// <summary>Looks until cancelled. What fails is logged and tried again soon.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            var pause = Interval;
            try
            {
                await ReconcileAsync(cancellationToken);
                Problem = null;
            }
            catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
            {
                LogFailed(exception);
                Problem = served.IsAvailable ? null : exception.Describe();
                pause = RetryPause;
            }

            await Task.Delay(pause, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Looks once. Authorities are published before a certificate of theirs is served.</summary>
    public async Task ReconcileAsync(CancellationToken cancellationToken)
    {
        var key = new ObjectKey("", configurationName);
        // Read before the certificates: a replica that stands still after this cannot write what others have replaced meanwhile.
        var configuration = source.HasAuthority ? await garden.FindAsync(WebhookConfigurations.Resource, key, cancellationToken) : null;
        var (certificate, bundle) = await source.ReadAsync(bundle => configuration?.Trusts(bundle) == true, cancellationToken);
        if (bundle is not null)
        {
            await PublishAsync(bundle, configuration, key, cancellationToken);
        }

        if (served.Serve(certificate))
        {
            using var loaded = certificate.Load();
            LogServed(loaded.Thumbprint, loaded.NotAfter.ToUniversalTime());
        }
    }

    private async Task PublishAsync(
        string bundle, V1ValidatingWebhookConfiguration? configuration, ObjectKey key, CancellationToken cancellationToken)
    {
        if (configuration is null)
        {
            throw new InvalidOperationException($"There is no ValidatingWebhookConfiguration {key.Name}; the chart for the virtual garden brings it.");
        }

        if (!configuration.Trusts(bundle))
        {
            await garden.PatchAsync(WebhookConfigurations.Resource, key, WebhookConfigurations.Trust(configuration, bundle), null, cancellationToken);
            LogPublished(key.Name);
        }
    }

    [LoggerMessage(LogLevel.Warning, "The certificate could not be kept current; it is tried again")]
    private partial void LogFailed(Exception exception);

    [LoggerMessage(LogLevel.Information, "Wrote the caBundle of ValidatingWebhookConfiguration {Name}")]
    private partial void LogPublished(string name);

    [LoggerMessage(LogLevel.Information, "Serving the certificate {Thumbprint}, valid until {NotAfter}")]
    private partial void LogServed(string thumbprint, DateTime notAfter);
}
