// SPDX-License-Identifier: Apache-2.0

using CsCheck;
using Kubernetes.Controllers.Client;
using Kubernetes.Controllers.Tests.Testing;

namespace Kubernetes.Controllers.Tests.Client;

/// <summary>However the network cuts a stream into pieces, the same objects come out.</summary>
public sealed class StreamDecodingProperties
{
    private static readonly Gen<Widget> GenWidget =
        Gen.Select(Gen.String[Gen.Char.AlphaNumeric, 1, 10], Gen.Int, Gen.String).Select((name, size, payload) =>
            Widget.Create(name, size) with { Spec = new WidgetSpec { Size = size, Payload = payload.Replace("\0", "", StringComparison.Ordinal) } });

    private static readonly Gen<(List<Widget> Widgets, int[] Cuts)> GenStream = Gen.Select(GenWidget.List[0, 10], Gen.Int[1, 400].Array[1, 20]);

    [Fact]
    public Task A_list_is_decoded_whatever_the_pieces() => GenStream.SampleAsync(async sample =>
    {
        var objects = string.Join(" ,\n", sample.Widgets.Select(widget => widget.ToJson()));
        var json = $$$"""{"kind":"WidgetList","ignored":[{"items":[1]}],"items":[{{{objects}}}],"metadata":{"resourceVersion":"7","continue":"next","remainingItemCount":3} }""";
        var items = new List<Widget>();

        var page = await ObjectStream.ReadListAsync(StreamPieces.Of(json, sample.Cuts), Widget.Resource, item => items.Add(item.Object!), CancellationToken.None);

        items.Select(item => item.ToJson()).Should().Equal(sample.Widgets.Select(Complete));
        page.Should().Be(new ListPage("7", "next"));
    });

    [Fact]
    public Task A_list_that_ends_anywhere_too_early_is_an_error() => Gen.Select(GenStream, Gen.Double[0, 0.999]).SampleAsync(async sample =>
    {
        var ((widgets, cuts), part) = sample;
        var json = $$$"""{"metadata":{"resourceVersion":"7"},"items":[{{{string.Join(",", widgets.Select(widget => widget.ToJson()))}}}]}""";
        var truncated = json[..(int)(json.Length * part)];

        var reading = () => ObjectStream.ReadListAsync(StreamPieces.Of(truncated, cuts), Widget.Resource, _ => { }, CancellationToken.None);

        await reading.Should().ThrowAsync<EndOfStreamException>();
    });

    [Fact]
    public Task A_watch_is_decoded_whatever_the_pieces() => GenStream.SampleAsync(async sample =>
    {
        var text = string.Concat(sample.Widgets.Select((widget, i) =>
            (i % 2 == 0 ? $$"""{"type":"ADDED","object":{{widget.ToJson()}} }""" : $$"""{"object":{{widget.ToJson()}},"more":{},"type":"ADDED"}""") + "\n"));
        var items = new List<Widget>();

        await foreach (var change in ObjectStream.ReadWatchAsync(StreamPieces.Of(text + "{\"type\":\"cut off", sample.Cuts), Widget.Resource, CancellationToken.None))
        {
            change.Type.Should().Be(WatchEventType.Added);
            items.Add(change.Object!);
        }

        items.Select(item => item.ToJson()).Should().Equal(sample.Widgets.Select(Complete));
    });

    [Fact]
    public async Task An_object_larger_than_any_buffer_is_decoded()
    {
        var large = Widget.Create("a") with { Spec = new WidgetSpec { Payload = new string('x', 3_000_000) } };
        var json = $$$"""{"items":[{{{large.ToJson()}}}],"metadata":{"resourceVersion":"7"} }""";
        var items = new List<Widget>();

        await ObjectStream.ReadListAsync(StreamPieces.Of(json, [4096]), Widget.Resource, item => items.Add(item.Object!), TestContext.Current.CancellationToken);

        items.Should().ContainSingle().Which.Spec!.Payload.Should().HaveLength(3_000_000);
    }

    [Theory]
    [InlineData("""{"items":null,"metadata":{"resourceVersion":"7"}}""")]
    [InlineData("""{"metadata":{"resourceVersion":"7","continue":""}}""")]
    public async Task An_empty_list_has_many_forms(string json) =>
        (await ObjectStream.ReadListAsync(StreamPieces.Of(json, [3]), Widget.Resource, _ => { }, TestContext.Current.CancellationToken))
            .Should().Be(new ListPage("7", null));

    /// <summary>Items of a list of a built-in type come without version and kind.</summary>
    private static string Complete(Widget widget) => (widget with { ApiVersion = "example.test/v1", Kind = "Widget" }).ToJson();
}
