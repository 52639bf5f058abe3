// SPDX-License-Identifier: Apache-2.0

using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using RuntimeGVisor.Admission.Server;
using RuntimeGVisor.Admission.Tests.Reviews;

namespace RuntimeGVisor.Admission.Tests.Server;

public sealed class WebhookServerTests : IAsyncLifetime
{
    private RunningServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await RunningServer.StartAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task A_review_is_answered_over_TLS()
    {
        using var response = await _server.PostAsync(Json(Review.Of(Review.Shoot("""{"net-rwa":"true"}""")).Bytes()));

        response.StatusCode.Should().Be(HttpStatusCode.OK);
        response.Content.Headers.ContentType!.MediaType.Should().Be("application/json");
        var answer = (await ReadAsync(response)).GetProperty("response");
        answer.GetProperty("uid").GetString().Should().Be("705ab4f5-6393-11e8-b7cc-42010a800002");
        answer.GetProperty("allowed").GetBoolean().Should().BeFalse();
    }

    [Theory]
    [InlineData("GET", "/webhooks/validate", "application/json", "", HttpStatusCode.MethodNotAllowed)]
    [InlineData("POST", "/", "application/json", "", HttpStatusCode.NotFound)]
    [InlineData("POST", "/webhooks/validate", "text/plain", "{}", HttpStatusCode.UnsupportedMediaType)]
    [InlineData("POST", "/webhooks/validate", "application/json", "{", HttpStatusCode.BadRequest)]
    [InlineData("POST", "/webhooks/validate", "application/json", "{}", HttpStatusCode.BadRequest)]
    public async Task Other_requests_are_refused_with_a_reason(string method, string path, string type, string body, HttpStatusCode expected)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(_server.Url, path));
        request.Content = body.Length == 0 ? null : Json(Encoding.UTF8.GetBytes(body), type);

        using var response = await _server.Client.SendAsync(request, TestContext.Current.CancellationToken);

        response.StatusCode.Should().Be(expected);
        (await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).Should().NotBeEmpty();
    }

    [Fact]
    public async Task A_review_of_the_largest_objects_is_answered()
    {
        var large = Review.Shoot();
        large["metadata"]!["annotations"] = new System.Text.Json.Nodes.JsonObject { ["large"] = new string('x', 3 * 1024 * 1024) };

        using var response = await _server.PostAsync(Json(Review.Of(large, large.DeepClone().AsObject()).Bytes()));

        response.StatusCode.Should().Be(HttpStatusCode.OK);
        (await ReadAsync(response)).GetProperty("response").GetProperty("allowed").GetBoolean().Should().BeTrue();
    }

    [Fact]
    public async Task A_body_beyond_the_limit_is_refused_before_it_is_read()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, _server.Url) { Content = Json(new byte[WebhookServer.MaxBodySize + 1]) };
        request.Headers.ExpectContinue = true;

        using var response = await _server.Client.SendAsync(request, TestContext.Current.CancellationToken);

        response.StatusCode.Should().Be(HttpStatusCode.RequestEntityTooLarge);
    }

    [Fact]
    public async Task A_body_that_does_not_arrive_is_given_up()
    {
        using var connection = await SlowRequest.BeginAsync(_server, length: 100);
        var answer = connection.ReadStatusAsync();

        await _server.PassTimeUntilAsync(() => answer.IsCompleted);

        (await answer).Should().Be("HTTP/1.1 408 Request Timeout");
    }

    [Fact]
    public async Task A_new_certificate_serves_new_connections_and_old_ones_live_on()
    {
        (await _server.PostAsync(Json("{}"u8.ToArray()))).StatusCode.Should().Be(HttpStatusCode.BadRequest);
        using var old = RunningServer.CreateClient(_server.Authority);
        (await old.PostAsync(_server.Url, Json(Review.Of(Review.Shoot()).Bytes()), TestContext.Current.CancellationToken)).StatusCode.Should().Be(HttpStatusCode.OK);

        using var renewed = RunningServer.CreateClient(_server.Serve());

        (await renewed.PostAsync(_server.Url, Json(Review.Of(Review.Shoot()).Bytes()), TestContext.Current.CancellationToken)).StatusCode.Should().Be(HttpStatusCode.OK);
        (await old.PostAsync(_server.Url, Json(Review.Of(Review.Shoot()).Bytes()), TestContext.Current.CancellationToken)).StatusCode.Should().Be(HttpStatusCode.OK);
        using var stranger = RunningServer.CreateClient(_server.Authority);
        var connect = () => stranger.PostAsync(_server.Url, Json("{}"u8.ToArray()), TestContext.Current.CancellationToken);
        await connect.Should().ThrowAsync<HttpRequestException>("a new connection meets the new certificate");
    }

    [Fact]
    public async Task When_it_is_told_to_end_it_is_unready_first_and_still_answers()
    {
        var review = Review.Of(Review.Shoot()).Bytes();
        using var begun = await SlowRequest.BeginAsync(_server, review.Length + 1);

        _server.Stop();
        while (_server.IsOpen)
        {
            await Task.Yield();
        }

        using var response = await _server.PostAsync(Json(review));
        response.StatusCode.Should().Be(HttpStatusCode.OK);
        response.Headers.ConnectionClose.Should().BeTrue("the client shall go elsewhere");

        await begun.EndAsync(review);
        (await begun.ReadStatusAsync()).Should().Be("HTTP/1.1 200 OK", "a request that has begun is answered");
        await _server.PassTimeUntilAsync(() => _server.Running.IsCompleted);
        await _server.Running;
    }

    [Fact]
    public async Task Requests_are_counted_under_the_names_of_controller_runtime()
    {
        (await _server.PostAsync(Json(Review.Of(Review.Shoot()).Bytes()))).Dispose();
        (await _server.PostAsync(Json("{"u8.ToArray()))).Dispose();

        // They are counted when the answer is under way.
        const string Both = """controller_runtime_webhook_requests_total{webhook="/webhooks/validate",code="400"} 1""";
        await _server.PassTimeUntilAsync(() => _server.Metrics.ToString().Contains(Both, StringComparison.Ordinal));
        _server.Metrics.ToString().Should()
            .Contain("""controller_runtime_webhook_requests_total{webhook="/webhooks/validate",code="200"} 1""")
            .And.Contain("""controller_runtime_webhook_requests_total{webhook="/webhooks/validate",code="500"} 0""")
            .And.Contain("""controller_runtime_webhook_latency_seconds_count{webhook="/webhooks/validate"} 2""")
            .And.Contain("""controller_runtime_webhook_requests_in_flight{webhook="/webhooks/validate"} 0""");
    }

    private static ByteArrayContent Json(byte[] body, string type = "application/json") =>
        new(body) { Headers = { ContentType = new MediaTypeHeaderValue(type) } };

    private static async Task<JsonElement> ReadAsync(HttpResponseMessage response) =>
        JsonDocument.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).RootElement;
}
