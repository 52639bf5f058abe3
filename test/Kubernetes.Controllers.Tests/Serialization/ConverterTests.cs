// SPDX-License-Identifier: Apache-2.0

using System.Text.Json;
using Kubernetes.Controllers.Serialization;
using Kubernetes.Controllers.Tests.Testing;

namespace Kubernetes.Controllers.Tests.Serialization;

public sealed class ConverterTests
{
    [Theory]
    [InlineData("2026-11-22T10:00:00Z", "2026-11-22T10:00:00Z")]
    [InlineData("2026-11-22T10:00:00.987654Z", "2026-11-22T10:00:00Z")]
    [InlineData("2026-11-22T12:00:00+02:00", "2026-11-22T10:00:00Z")]
    public void A_Time_is_read_in_every_form_and_written_in_whole_seconds_of_UTC(string text, string expected) =>
        RoundTrip($$$"""{"metadata":{"creationTimestamp":"{{{text}}}"} }""").Should().Contain($"\"creationTimestamp\":\"{expected}\"");

    [Theory]
    [InlineData("2026-11-22T10:00:00Z", "2026-11-22T10:00:00.000000Z")]
    [InlineData("2026-11-22T10:00:00.98Z", "2026-11-22T10:00:00.980000Z")]
    [InlineData("2026-11-22T10:00:00.1234567Z", "2026-11-22T10:00:00.123456Z")]
    public void A_MicroTime_always_has_six_fractional_digits(string text, string expected)
    {
        var lease = JsonSerializer.Deserialize($$$"""{"spec":{"renewTime":"{{{text}}}"} }""", KubernetesJsonContext.Default.V1Lease)!;

        JsonSerializer.Serialize(lease, KubernetesJsonContext.Default.V1Lease).Should().Be($$$"""{"spec":{"renewTime":"{{{expected}}}"}}""");
    }

    [Theory]
    [InlineData("7")]
    [InlineData("\"yesterday\"")]
    public void What_is_no_time_is_an_error(string json) =>
        FluentActions.Invoking(() => RoundTrip($$$"""{"metadata":{"creationTimestamp":{{{json}}} } }""")).Should().Throw<JsonException>();

    [Fact]
    public void Managed_fields_are_skipped_and_not_written() =>
        RoundTrip("""{"metadata":{"name":"a","managedFields":[{"manager":"x","fieldsV1":{"f:metadata":{}}}]}}""").Should().Be("""{"metadata":{"name":"a"}}""");

    [Fact]
    public void The_patch_text_of_a_MicroTime_is_the_same() =>
        MicroTime.ToText(new DateTimeOffset(2026, 11, 22, 12, 0, 0, TimeSpan.FromHours(2))).Should().Be("2026-11-22T10:00:00.000000Z");

    private static string RoundTrip(string json) =>
        JsonSerializer.Serialize(JsonSerializer.Deserialize(json, WidgetContext.Default.V1Secret)!, WidgetContext.Default.V1Secret);
}
