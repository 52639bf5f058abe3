// SPDX-License-Identifier: Apache-2.0

using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace RuntimeGVisor.Admission.Certificates;

/// <summary>The certificate for new connections. It can be replaced at any time; connections that there are keep theirs.</summary>
internal sealed class ServedCertificate
{
    private ServerCertificate? _current;
    private volatile SslServerAuthenticationOptions? _options;

    /// <summary>Whether there is one.</summary>
    public bool IsAvailable => _options is not null;

    /// <summary>How the next connection is secured.</summary>
    /// <exception cref="AuthenticationException">There is no certificate yet.</exception>
    public SslServerAuthenticationOptions Options => _options ?? throw new AuthenticationException("There is no certificate yet.");

    /// <summary>Serves a certificate from now on.</summary>
    /// <returns>Whether it is another one than before.</returns>
    /// <exception cref="System.Security.Cryptography.CryptographicException">It is none, or its key is not.</exception>
    public bool Serve(ServerCertificate certificate)
    {
        if (certificate == _current)
        {
            return false;
        }

        // Not disposed of when it is replaced: a handshake may use it still.
        var chain = new X509Certificate2Collection();
        chain.ImportFromPem(certificate.Chain);
        _options = new SslServerAuthenticationOptions
        {
            ServerCertificateContext = SslStreamCertificateContext.Create(certificate.Load(), chain, offline: true),
            ApplicationProtocols = [SslApplicationProtocol.Http11],
        };
        _current = certificate;
        return true;
    }
}
