// SPDX-License-Identifier: Apache-2.0

using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace RuntimeGVisor.Admission.Certificates;

/// <summary>A certificate of the server with its key and the authority that signed it, all in PEM.</summary>
/// <param name="Authority">The certificate authority.</param>
/// <param name="Chain">The server's certificate, and intermediate ones if there are any.</param>
/// <param name="Key">Its private key.</param>
internal sealed record ServerCertificate(string Authority, string Chain, string Key)
{
    /// <summary>How long one that is made here is valid.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromDays(30);

    /// <summary>Clocks differ: a certificate is valid from before it was made.</summary>
    private static readonly TimeSpan ClockSkew = TimeSpan.FromHours(1);

    /// <summary>Makes a certificate and an authority that signs nothing else: its key is forgotten here.</summary>
    /// <param name="names">Host names of the server.</param>
    /// <param name="now">The time.</param>
    public static ServerCertificate Create(ImmutableArray<string> names, DateTimeOffset now)
    {
        var (notBefore, notAfter) = (now - ClockSkew, now + Lifetime);
        using var authorityKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var authorityRequest = new CertificateRequest("CN=gardener-extension-admission-runtime-gvisor-ca", authorityKey, HashAlgorithmName.SHA256);
        authorityRequest.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, true, 0, true));
        authorityRequest.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        var authorityIdentifier = new X509SubjectKeyIdentifierExtension(authorityRequest.PublicKey, false);
        authorityRequest.CertificateExtensions.Add(authorityIdentifier);
        using var authority = authorityRequest.CreateSelfSigned(notBefore, notAfter);

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=gardener-extension-admission-runtime-gvisor", key, HashAlgorithmName.SHA256);
        var alternatives = new SubjectAlternativeNameBuilder();
        foreach (var name in names)
        {
            if (System.Net.IPAddress.TryParse(name, out var address))
            {
                alternatives.AddIpAddress(address);
            }
            else
            {
                alternatives.AddDnsName(name);
            }
        }

        request.CertificateExtensions.Add(alternatives.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromSubjectKeyIdentifier(authorityIdentifier));
        using var certificate = request.Create(authority, notBefore, notAfter, RandomNumberGenerator.GetBytes(16));
        return new ServerCertificate(authority.ExportCertificatePem(), certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }

    /// <summary>The certificate with its key, as a server needs it; the caller disposes of it.</summary>
    /// <exception cref="CryptographicException">They are no PEM, or do not belong together.</exception>
    /// <exception cref="ArgumentException">They are no PEM.</exception>
    public X509Certificate2 Load() => X509Certificate2.CreateFromPem(Chain, Key);

    /// <summary>When it was made; known of those that are made here only.</summary>
    public DateTimeOffset CreatedAt => Read(certificate => new DateTimeOffset(certificate.NotBefore)) + ClockSkew;

    /// <summary>Whether it is to be replaced: it has lived most of its life, or the server has other names.</summary>
    public bool IsDue(ImmutableArray<string> names, DateTimeOffset now) =>
        now - CreatedAt >= Lifetime * 2 / 3 || !Read(certificate => names.All(name => certificate.MatchesHostname(name)));

    /// <summary>Whether a client accepts it now.</summary>
    public bool IsValid(DateTimeOffset now) => Read(certificate => now < new DateTimeOffset(certificate.NotAfter));

    private T Read<T>(Func<X509Certificate2, T> read)
    {
        using var certificate = X509Certificate2.CreateFromPem(Chain);
        return read(certificate);
    }
}
