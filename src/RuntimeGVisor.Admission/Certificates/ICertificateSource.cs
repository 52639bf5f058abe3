// SPDX-License-Identifier: Apache-2.0

namespace RuntimeGVisor.Admission.Certificates;

/// <summary>Where the server's certificate comes from.</summary>
internal interface ICertificateSource
{
    /// <summary>Whether API servers are to be told whom to trust; else somebody else does it.</summary>
    bool HasAuthority { get; }

    /// <summary>The certificate to serve now, and the authorities that API servers shall trust before it is served.</summary>
    /// <param name="isTrusted">Whether they trust a bundle already.</param>
    /// <param name="cancellationToken">Cancels the reading.</param>
    Task<(ServerCertificate Certificate, string? Bundle)> ReadAsync(Predicate<string> isTrusted, CancellationToken cancellationToken);
}
