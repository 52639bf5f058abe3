// SPDX-License-Identifier: Apache-2.0

using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Kubernetes.Controllers.Client;

/// <summary>
/// Whether the other side is the API server: its certificate must carry the expected name <em>and</em> come from the configured authorities. The
/// authorities and the client certificate are read from their files for every connection, so that a rotation needs no restart.
/// </summary>
internal sealed class TlsPolicy
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";

    private readonly ApiClientConfiguration _configuration;
    private readonly string _name;
    private volatile X509Certificate2Collection? _authorities;
    private volatile X509Certificate2? _clientCertificate;

    /// <exception cref="ConfigurationException">The authorities or the client certificate cannot be read.</exception>
    public TlsPolicy(ApiClientConfiguration configuration)
    {
        _configuration = configuration;
        _name = configuration.TlsServerName ?? configuration.Server.IdnHost;
        _authorities = ReadAuthorities();
        _clientCertificate = configuration.ClientCertificate?.Read();
    }

    public SslClientAuthenticationOptions CreateOptions() => new()
    {
        TargetHost = _name,
        LocalCertificateSelectionCallback = _configuration.ClientCertificate is null ? null : (_, _, _, _, _) => ClientCertificate()!,
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,

        // With authorities of our own, the callback alone decides. Without this, all of the system's would be read before it is asked:
        // a tenth of a second and some megabytes for nothing.
        CertificateChainPolicy = _authorities is null
            ? null
            : new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
                DisableCertificateDownloads = true,
            },
        RemoteCertificateValidationCallback = (_, presented, chain, errors) => FindProblem(presented as X509Certificate2, chain, errors) is { } problem
            ? throw new AuthenticationException($"The API server's certificate is refused: {problem}.")
            : true,
    };

    private string? FindProblem(X509Certificate2? certificate, X509Chain? presented, SslPolicyErrors errors)
    {
        if (certificate is null || errors.HasFlag(SslPolicyErrors.RemoteCertificateNotAvailable))
        {
            return "there is none";
        }

        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch))
        {
            return $"it is not for '{_name}'";
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

        return chain.Build(certificate) || EndsAtAuthority(chain, authorities)
            ? null
            : $"the configured certificate authorities do not vouch for it ({string.Join(", ", chain.ChainStatus.Select(status => status.Status))})";
    }

    /// <summary>Every configured authority is an anchor, as for Go; .NET takes for one only what has signed itself.</summary>
    private static bool EndsAtAuthority(X509Chain chain, X509Certificate2Collection authorities) =>
        chain.ChainStatus is [{ Status: X509ChainStatusFlags.PartialChain }]
        && authorities.Any(authority => authority.RawDataMemory.Span.SequenceEqual(chain.ChainElements[^1].Certificate.RawDataMemory.Span));

    private X509Certificate2Collection? Authorities()
    {
        try
        {
            return _authorities = ReadAuthorities();
        }
        catch (ConfigurationException)
        {
            // Half-written or gone for a moment: keep what was good.
            return _authorities;
        }
    }

    private X509Certificate2? ClientCertificate()
    {
        try
        {
            return _clientCertificate = _configuration.ClientCertificate!.Read();
        }
        catch (ConfigurationException)
        {
            return _clientCertificate;
        }
    }

    private X509Certificate2Collection? ReadAuthorities()
    {
        if (_configuration.CertificateAuthorityData is { } data)
        {
            return Parse(data, "certificate-authority-data");
        }

        try
        {
            return _configuration.CertificateAuthorityFile is { } file ? Parse(File.ReadAllText(file), file) : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"certificate-authority: {exception.Message}", exception);
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
