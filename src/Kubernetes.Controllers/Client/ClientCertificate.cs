// SPDX-License-Identifier: Apache-2.0

using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Kubernetes.Controllers.Client;

/// <summary>Certificate and private key to authenticate with, each in PEM or as the path of a PEM file.</summary>
/// <param name="field">Where they are configured, for messages.</param>
/// <param name="certificate">The certificate.</param>
/// <param name="key">Its private key.</param>
internal sealed class ClientCertificate(string field, PemSource certificate, PemSource key)
{
    /// <summary>Reads both, from their files if they are files, so that a rotation needs no restart.</summary>
    /// <exception cref="ConfigurationException">They cannot be read or do not belong together.</exception>
    public X509Certificate2 Read()
    {
        try
        {
            return X509Certificate2.CreateFromPem(certificate.Read(), key.Read());
        }
        catch (Exception exception) when (exception is CryptographicException or ArgumentException)
        {
            throw new ConfigurationException($"{field}: client certificate and key are not a matching pair in PEM", exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"{field}: {exception.Message}", exception);
        }
    }
}
