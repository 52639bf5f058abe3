// SPDX-License-Identifier: Apache-2.0

using RuntimeGVisor.Admission.Certificates;

namespace RuntimeGVisor.Admission.Tests.Certificates;

/// <summary>A directory as the kubelet makes it of a Secret: links to files in a directory that is itself behind a link.</summary>
public sealed class MountedCertificateTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("mounted-certificate-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task A_new_certificate_behind_the_kubelets_link_is_read()
    {
        var (first, second) = (Create(), Create());
        Mount("..first", first);
        var mounted = new MountedCertificate(_directory);
        (await ReadAsync(mounted)).Certificate.Should().Be(first);
        (await ReadAsync(mounted)).Bundle.Should().Be(first.Authority);

        Mount("..second", second);

        (await ReadAsync(mounted)).Certificate.Should().Be(second);
    }

    [Fact]
    public async Task Without_an_authority_nothing_is_published()
    {
        Mount("..first", Create());
        File.Delete(Path.Combine(_directory, "ca.crt"));
        var mounted = new MountedCertificate(_directory);

        mounted.HasAuthority.Should().BeFalse();
        (await ReadAsync(mounted)).Bundle.Should().BeNull();
    }

    [Fact]
    public async Task A_missing_file_is_named()
    {
        var read = () => ReadAsync(new MountedCertificate(_directory));

        await read.Should().ThrowAsync<IOException>().WithMessage("*tls.crt*");
    }

    [Fact]
    public void What_is_no_certificate_is_not_served_instead_of_what_is()
    {
        var served = new ServedCertificate();
        served.Serve(Create()).Should().BeTrue();
        var options = served.Options;

        var serve = () => served.Serve(Create() with { Key = "nonsense" });

        serve.Should().Throw<Exception>();
        served.Options.Should().BeSameAs(options);
    }

    private static ServerCertificate Create() => ServerCertificate.Create(["localhost"], TimeProvider.System.GetUtcNow());

    private static Task<(ServerCertificate Certificate, string? Bundle)> ReadAsync(MountedCertificate mounted) =>
        mounted.ReadAsync(_ => true, TestContext.Current.CancellationToken);

    private void Mount(string name, ServerCertificate certificate)
    {
        var target = Directory.CreateDirectory(Path.Combine(_directory, name)).FullName;
        foreach (var (file, content) in ((string, string)[])[("ca.crt", certificate.Authority), ("tls.crt", certificate.Chain), ("tls.key", certificate.Key)])
        {
            File.WriteAllText(Path.Combine(target, file), content);
            var link = Path.Combine(_directory, file);
            if (!File.Exists(link))
            {
                File.CreateSymbolicLink(link, Path.Combine("..data", file));
            }
        }

        File.Delete(Path.Combine(_directory, "..data"));
        File.CreateSymbolicLink(Path.Combine(_directory, "..data"), name);
    }
}
