// SPDX-License-Identifier: Apache-2.0

using System.Security.Cryptography.X509Certificates;
using System.Text;
using RuntimeGVisor.Admission.Certificates;

namespace RuntimeGVisor.Admission.Tests.Certificates;

public sealed class SharedCertificatesTests
{
    private static readonly System.Collections.Immutable.ImmutableArray<string> Names = ["webhook.garden", "webhook.garden.svc", "127.0.0.1"];
    private static readonly DateTimeOffset Start = new(2026, 11, 28, 12, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Due = ServerCertificate.Lifetime * 2 / 3;

    private static SharedCertificates First => SharedCertificates.Advance(null, Names, isPublished: false, Start);

    [Fact]
    public void A_client_that_trusts_the_authority_trusts_the_certificate_under_each_name()
    {
        var first = First;
        using var certificate = first.Current.Load();

        certificate.HasPrivateKey.Should().BeTrue();
        Names.Should().OnlyContain(name => certificate.MatchesHostname(name, false, false));
        certificate.MatchesHostname("other.garden").Should().BeFalse();
        Verify(first.Current, first.Bundle).Should().BeTrue();
        Verify(first.Current, First.Bundle).Should().BeFalse("another authority has the same name and another key");
    }

    [Fact]
    public void The_key_of_an_authority_is_kept_nowhere() =>
        First.Data().Values.OfType<string>().Count(value => value.Contains("PRIVATE KEY", StringComparison.Ordinal)).Should().Be(1, "only the server has one");

    [Fact]
    public void Nothing_changes_until_two_thirds_of_the_life_are_over()
    {
        var stored = First;

        SharedCertificates.Advance(stored, Names, isPublished: true, Start + Due - TimeSpan.FromMinutes(1)).Should().Be(stored);
    }

    [Fact]
    public void A_new_authority_is_published_with_the_old_one_before_its_certificate_is_served()
    {
        var first = First;
        var renewal = Start + Due;

        var published = SharedCertificates.Advance(first, Names, isPublished: true, renewal);
        published.Current.Should().Be(first.Current);
        published.Bundle.Should().Contain(first.Current.Authority).And.Contain(published.Next!.Authority);

        SharedCertificates.Advance(published, Names, isPublished: true, renewal + SharedCertificates.PublicationTime - TimeSpan.FromSeconds(1))
            .Should().Be(published, "API servers may not have heard of it");
        SharedCertificates.Advance(published, Names, isPublished: false, renewal + SharedCertificates.PublicationTime)
            .Should().Be(published, "API servers have not been told");

        var replaced = SharedCertificates.Advance(published, Names, isPublished: true, renewal + SharedCertificates.PublicationTime);
        replaced.Current.Should().Be(published.Next);
        replaced.Next.Should().BeNull();
        replaced.Bundle.Should().Contain(first.Current.Authority, "another replica may serve it still");
    }

    [Fact]
    public void During_rotations_the_bundle_trusts_what_is_and_what_was_just_served()
    {
        var (stored, rotations) = (First, 0);
        var served = stored.Current;
        for (var now = Start; rotations < 3; now += TimeSpan.FromHours(6))
        {
            var before = stored.Current;
            stored = SharedCertificates.Advance(stored, Names, isPublished: true, now);
            rotations += stored.Current == before ? 0 : 1;

            foreach (var certificate in (ServerCertificate[])[before, served, stored.Current])
            {
                stored.Bundle.Should().Contain(certificate.Authority);
                certificate.IsValid(now).Should().BeTrue();
            }

            served = before;
        }
    }

    [Fact]
    public void Another_name_of_the_server_makes_another_certificate_by_the_same_two_steps()
    {
        var first = First;

        var published = SharedCertificates.Advance(first, [.. Names, "webhook.other"], isPublished: true, Start + TimeSpan.FromHours(1));

        published.Current.Should().Be(first.Current);
        using var next = published.Next!.Load();
        next.MatchesHostname("webhook.other").Should().BeTrue();
    }

    [Fact]
    public void One_that_has_expired_is_replaced_at_once()
    {
        var first = First;

        var replaced = SharedCertificates.Advance(first, Names, isPublished: false, Start + ServerCertificate.Lifetime + TimeSpan.FromDays(1));

        replaced.Current.Should().NotBe(first.Current);
        replaced.Next.Should().BeNull();
    }

    [Fact]
    public void A_Secret_says_what_was_written_into_it()
    {
        var stored = SharedCertificates.Advance(First, Names, isPublished: true, Start + Due);

        SharedCertificates.Read(Bytes(stored)).Should().Be(stored);
    }

    [Theory]
    [InlineData("tls.crt", "")]
    [InlineData("tls.crt", "nonsense")]
    [InlineData("tls.key", "nonsense")]
    [InlineData("tls.key", null)]
    [InlineData("ca.crt", null)]
    public void A_Secret_that_somebody_has_damaged_counts_as_empty(string key, string? value)
    {
        var data = Bytes(First);
        data.Remove(key);
        if (value is not null)
        {
            data[key] = Encoding.UTF8.GetBytes(value);
        }

        SharedCertificates.Read(data).Should().BeNull();
    }

    [Fact]
    public void A_key_of_another_certificate_counts_as_damage()
    {
        var data = Bytes(First);
        data["tls.key"] = Bytes(First)["tls.key"];

        SharedCertificates.Read(data).Should().BeNull();
    }

    private static Dictionary<string, byte[]> Bytes(SharedCertificates certificates) =>
        certificates.Data().Where(entry => entry.Value is not null).ToDictionary(entry => entry.Key, entry => Encoding.UTF8.GetBytes(entry.Value!));

    private static bool Verify(ServerCertificate certificate, string bundle)
    {
        using var loaded = certificate.Load();
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.ImportFromPem(bundle);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.VerificationTime = Start.UtcDateTime;
        return chain.Build(loaded);
    }
}
