// SPDX-License-Identifier: Apache-2.0

namespace RuntimeGVisor.Admission.Certificates;

/// <summary>A certificate that somebody else makes and mounts: the files tls.crt and tls.key, and ca.crt if its authority shall be published.</summary>
/// <param name="directory">Where they are.</param>
internal sealed class MountedCertificate(string directory) : ICertificateSource
{
    private readonly string _authorityFile = Path.Combine(directory, "ca.crt");

    /// <inheritdoc/>
    public bool HasAuthority => File.Exists(_authorityFile);

    /// <inheritdoc/>
    /// <exception cref="IOException">A file cannot be read.</exception>
    /// <exception cref="InvalidDataException">The files changed all the time.</exception>
    public async Task<(ServerCertificate Certificate, string? Bundle)> ReadAsync(Predicate<string> isTrusted, CancellationToken cancellationToken)
    {
        // The kubelet replaces all files at once, by one symbolic link; between two reads they may nevertheless have changed.
        var first = await ReadFilesAsync(cancellationToken);
        var second = await ReadFilesAsync(cancellationToken);
        return first == second
            ? (first, first.Authority.Length > 0 ? first.Authority : null)
            : throw new InvalidDataException($"The files in {directory} changed while they were read.");
    }

    private async Task<ServerCertificate> ReadFilesAsync(CancellationToken cancellationToken) => new(
        HasAuthority ? await File.ReadAllTextAsync(_authorityFile, cancellationToken) : "",
        await File.ReadAllTextAsync(Path.Combine(directory, "tls.crt"), cancellationToken),
        await File.ReadAllTextAsync(Path.Combine(directory, "tls.key"), cancellationToken));
}
