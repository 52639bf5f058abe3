// SPDX-License-Identifier: Apache-2.0

using System.Net.Http.Headers;

namespace Kubernetes.Controllers.Client;

/// <summary>The bearer token of the configuration. A token file is read again every minute, because kubelets rotate it in place.</summary>
internal sealed class BearerToken(string? token, string? tokenFile, TimeProvider time)
{
    private static readonly TimeSpan Validity = TimeSpan.FromMinutes(1);

    private readonly AuthenticationHeaderValue? _fixed = token is { Length: > 0 } ? new AuthenticationHeaderValue("Bearer", token) : null;
    private ReadToken? _read;

    /// <summary>Whether reading again can give another token.</summary>
    public bool CanChange => tokenFile is not null;

    /// <summary>The header to send; null to send none.</summary>
    public AuthenticationHeaderValue? Header()
    {
        if (tokenFile is null)
        {
            return _fixed;
        }

        var read = Volatile.Read(ref _read);
        if (read is null || time.GetElapsedTime(read.Timestamp) >= Validity)
        {
            read = Read(read);
            Volatile.Write(ref _read, read);
        }

        return read.Header;
    }

    /// <summary>The server rejected the token: the next request reads the file again.</summary>
    public void Expire() => Volatile.Write(ref _read, null);

    private ReadToken Read(ReadToken? last)
    {
        try
        {
            return new ReadToken(new AuthenticationHeaderValue("Bearer", File.ReadAllText(tokenFile!).Trim()), time.GetTimestamp());
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The file is missing for a moment while it is replaced; the token at hand is mostly still good.
            return last is not null
                ? last with { Timestamp = time.GetTimestamp() }
                : throw new HttpRequestException($"The token file cannot be read: {exception.Message}", exception);
        }
    }

    private sealed record ReadToken(AuthenticationHeaderValue Header, long Timestamp);
}
