// SPDX-License-Identifier: Apache-2.0

using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Kubernetes.Controllers.Client;

/// <summary>
/// Whether the other side is the API server: its certificate must carry the expected name <em>and</em> come from the configured
/// authorities. The authorities' file is read again when it has changed, so that a rotation needs no restart.
/// </summary>
internal sealed class ServerCertificatePolicy
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";

    private readonly string? _file;
    private readonly Lock _lock = new();
    private X509Certificate2Collection? _authorities;
    private DateTime _readAt;

    public ServerCertificatePolicy(ApiClientConfiguration configuration)
    {
        if (configuration.CertificateAuthorityData is { } data)
        {
            _authorities = Parse(data, "certificate-authority-data");
        }
        else if (configuration.CertificateAuthorityFile is { } file)
        {
            _file = file;
            _authorities = Authorities();
        }
    }

    public SslClientAuthenticationOptions CreateOptions(ApiClientConfiguration configuration)
    {
        var name = configuration.TlsServerName ?? configuration.Server.IdnHost;
        return new SslClientAuthenticationOptions
        {
            TargetHost = name,
            ClientCertificates = configuration.ClientCertificate is { } certificate ? [certificate] : null,
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,

            // With authorities of our own, the callback alone decides. Without this, all of the system's would be read before it is asked:
            // a tenth of a second and some megabytes for nothing.
            CertificateChainPolicy = Authorities() is null
                ? null
                : new X509ChainPolicy
                {
                    TrustMode = X509ChainTrustMode.CustomRootTrust,
                    RevocationMode = X509RevocationMode.NoCheck,
                    DisableCertificateDownloads = true,
                },
            RemoteCertificateValidationCallback = (_, presented, chain, errors) => FindProblem(name, presented as X509Certificate2, chain, errors) is { } problem
                ? throw new AuthenticationException($"The API server's certificate is refused: {problem}.")
                : true,
        };
    }

    private string? FindProblem(string name, X509Certificate2? certificate, X509Chain? presented, SslPolicyErrors errors)
    {
        if (certificate is null || errors.HasFlag(SslPolicyErrors.RemoteCertificateNotAvailable))
        {
            return "there is none";
        }

        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch))
        {
            return $"it is not for '{name}'";
        }

        if (Authorities() is not { } authorities)
        {
            return errors == SslPolicyErrors.None ? null : "the system's certificate authorities do not vouch for it, and no others are configured";
        }

        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid(ServerAuthentication));
        if (presented is not null)
        {
            chain.ChainPolicy.ExtraStore.AddRange(presented.ChainPolicy.ExtraStore);
        }

        return chain.Build(certificate)
            ? null
            : $"the configured certificate authorities do not vouch for it ({string.Join(", ", chain.ChainStatus.Select(status => status.Status))})";
    }

    private X509Certificate2Collection? Authorities()
    {
        if (_file is null)
        {
            return _authorities;
        }

        lock (_lock)
        {
            var writtenAt = File.GetLastWriteTimeUtc(_file);
            if (_authorities is null || writtenAt != _readAt)
            {
                try
                {
                    _authorities = Parse(File.ReadAllText(_file), _file);
                    _readAt = writtenAt;
                }
                catch (Exception exception) when (_authorities is not null && exception is (IOException or UnauthorizedAccessException or ConfigurationException))
                {
                    // Half-written or gone for a moment: keep what was good.
                }
                catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
                {
                    throw new ConfigurationException($"certificate-authority: {exception.Message}", exception);
                }
            }

            return _authorities;
        }
    }

    private static X509Certificate2Collection Parse(string pem, string source)
    {
        var certificates = new X509Certificate2Collection();
        try
        {
            certificates.ImportFromPem(pem);
        }
        catch (CryptographicException exception)
        {
            throw new ConfigurationException($"{source}: no certificates in PEM", exception);
        }

        return certificates.Count > 0 ? certificates : throw new ConfigurationException($"{source}: no certificates in PEM");
    }
}
