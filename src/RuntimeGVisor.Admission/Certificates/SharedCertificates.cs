// SPDX-License-Identifier: Apache-2.0

using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;

namespace RuntimeGVisor.Admission.Certificates;

/// <summary>What the replicas share in their Secret: the certificate that they serve, and how it is replaced.</summary>
/// <remarks>
/// A certificate is replaced in two steps, so that API servers trust a new authority before they meet it: the next certificate is kept in
/// the Secret while its authority is published beside the current one, and is served <see cref="PublicationTime"/> later. The authority of
/// the previous certificate stays published, because replicas change over one after the other.
/// </remarks>
/// <param name="Current">What is served.</param>
/// <param name="Next">What will be served; null when nothing is being replaced.</param>
/// <param name="PreviousAuthority">Signed what was served before; null for the first certificate.</param>
internal sealed record SharedCertificates(ServerCertificate Current, ServerCertificate? Next = null, string? PreviousAuthority = null)
{
    /// <summary>How long a new authority is published before something that it has signed is served.</summary>
    public static readonly TimeSpan PublicationTime = TimeSpan.FromMinutes(5);

    /// <summary>The authorities that API servers shall trust, in PEM.</summary>
    public string Bundle => string.Join('\n', ((string?[])[Current.Authority, Next?.Authority, PreviousAuthority]).OfType<string>());

    /// <summary>Reads the data of a Secret; null if there is nothing in it that could be served.</summary>
    public static SharedCertificates? Read(IDictionary<string, byte[]>? data)
    {
        try
        {
            return data is not null && Certificate("") is { } current ? new SharedCertificates(current, Certificate("next-"), Text("previous-ca.crt")) : null;
        }
        catch (Exception exception) when (exception is CryptographicException or ArgumentException)
        {
            return null;
        }

        string? Text(string key) => data!.TryGetValue(key, out var value) && value.Length > 0 ? Encoding.UTF8.GetString(value) : null;

        ServerCertificate? Certificate(string prefix)
        {
            if (Text($"{prefix}ca.crt") is not { } authority || Text($"{prefix}tls.crt") is not { } chain || Text($"{prefix}tls.key") is not { } key)
            {
                return null;
            }

            var certificate = new ServerCertificate(authority, chain, key);
            certificate.Load().Dispose();
            return certificate;
        }
    }

    /// <summary>The data of the Secret; null for a key that must not be there.</summary>
    public IReadOnlyDictionary<string, string?> Data() => new Dictionary<string, string?>(StringComparer.Ordinal)
    {
        ["ca.crt"] = Current.Authority,
        ["tls.crt"] = Current.Chain,
        ["tls.key"] = Current.Key,
        ["next-ca.crt"] = Next?.Authority,
        ["next-tls.crt"] = Next?.Chain,
        ["next-tls.key"] = Next?.Key,
        ["previous-ca.crt"] = PreviousAuthority,
    };

    /// <summary>What the Secret shall have now; equal to what it has when nothing is to be done.</summary>
    /// <param name="stored">What it has; null if nothing.</param>
    /// <param name="names">Host names of the server.</param>
    /// <param name="isPublished">Whether API servers are told of all authorities of <paramref name="stored"/>.</param>
    /// <param name="now">The time.</param>
    public static SharedCertificates Advance(SharedCertificates? stored, ImmutableArray<string> names, bool isPublished, DateTimeOffset now)
    {
        if (stored is null || !stored.Current.IsValid(now))
        {
            return new SharedCertificates(ServerCertificate.Create(names, now));
        }

        if (stored.Next is not { } next)
        {
            return stored.Current.IsDue(names, now) ? stored with { Next = ServerCertificate.Create(names, now) } : stored;
        }

        return isPublished && now - next.CreatedAt >= PublicationTime ? new SharedCertificates(next, Next: null, stored.Current.Authority) : stored;
    }
}
