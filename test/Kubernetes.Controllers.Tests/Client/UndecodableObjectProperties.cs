// SPDX-License-Identifier: Apache-2.0

using System.Text;
using CsCheck;
using Kubernetes.Controllers.Client;
using Kubernetes.Controllers.Tests.Testing;

namespace Kubernetes.Controllers.Tests.Client;

/// <summary>Whatever is in one object, a stream gives all the others, and of that one its key, its version and what happened to it.</summary>
public sealed class UndecodableObjectProperties
{
    private static readonly string[] Fields =
    [
        "apiVersion", "kind", "status", "spec", "spec.size", "spec.payload", "spec.unknown", "metadata.labels", "metadata.labels.a", "metadata.annotations",
        "metadata.annotations.a", "metadata.finalizers", "metadata.generation", "metadata.uid", "metadata.creationTimestamp", "metadata.deletionTimestamp",
        "metadata.ownerReferences", "metadata.managedFields", "metadata.unknown",
    ];

    private static readonly Gen<string> GenValue = Gen.OneOf(
        From(
            "null", "true", "5", "-1.5", "1e400", "-1e-400", "123456789012345678901234567890", "\"x\"", "\"2006-13-45T99:99:99Z\"", "\"0000-00-00T00:00:00Z\"",
            "\"\\ud800\"", "\"\\udc00\\ud800\"", "\"\\u0000\"", "\"\xff\xfe\"", "\"\xed\xa0\x80\"", "\"\xc0\xaf\"", "{}", "[]", "{\"a\":1,\"a\":2}", "{\"\xff\":\"\xff\"}",
            "[null]", "[{}]", "{\"a\":null}", "[\"]}\\\"\"]", "{\"}\":\"\\\\\"}", "tru", "01", "\"\t\"", "{\"a\"}", "[1 2]"),
        Gen.Int[60, 30_000].Select(depth => string.Concat(Enumerable.Repeat("{\"a\":", depth)) + "1" + new string('}', depth)),
        Gen.Int[60, 30_000].Select(depth => new string('[', depth) + new string(']', depth)));

    private static readonly Gen<byte[]> GenBad = Gen.Select(From(Fields), GenValue, Gen.Bool).Select((field, value, comesFirst) =>
    {
        var path = field.Split('.');
        var property = string.Concat(path.Select(name => $"\"{name}\":{{"))[..^1] + value + new string('}', path.Length - 1);
        const string Head = "\"namespace\":\"default\",\"name\":\"bad\",\"resourceVersion\":\"99\"";
        var inMetadata = path[0] == "metadata" ? property["\"metadata\":{".Length..^1] : null;
        var json = inMetadata is not null
            ? $"{{\"metadata\":{{{(comesFirst ? $"{inMetadata},{Head}" : $"{Head},{inMetadata}")}}},\"spec\":{{}}}}"
            : comesFirst ? $"{{{property},\"metadata\":{{{Head}}}}}" : $"{{\"metadata\":{{{Head}}},{property}}}";
        return Encoding.Latin1.GetBytes(json);
    });

    private static readonly Gen<(byte[] Bad, int Before, int After, int[] Cuts)> GenStream =
        Gen.Select(GenBad, Gen.Int[0, 3], Gen.Int[0, 3], Gen.Int[1, 5000].Array[1, 5]);

    [Fact]
    public Task A_list_gives_all_objects_but_the_bad_one() => GenStream.SampleAsync(async sample =>
    {
        var items = new List<Decoded<Widget>>();

        var page = await ObjectStream.ReadListAsync(
            StreamPieces.Of(Stream("{\"metadata\":{\"resourceVersion\":\"7\"},\"items\":[", ",", "]}", sample.Bad, sample.Before, sample.After), sample.Cuts),
            Widget.Resource, items.Add, CancellationToken.None);

        page.ResourceVersion.Should().Be("7");
        Check(items, sample.Before, sample.After);
    }, iter: 2_000);

    [Fact]
    public Task A_watch_gives_all_events_and_of_the_bad_one_the_type() => Gen.Select(GenStream, From("ADDED", "MODIFIED", "DELETED")).SampleAsync(async (sample, type) =>
    {
        var changes = new List<Decoded<Widget>>();
        var text = Stream("", "", "", [.. Encoding.UTF8.GetBytes($"{{\"type\":\"{type}\",\"object\":"), .. sample.Bad, .. "}\n"u8], sample.Before, sample.After, isWatch: true);

        await foreach (var change in ObjectStream.ReadWatchAsync(StreamPieces.Of(text, sample.Cuts), Widget.Resource, CancellationToken.None))
        {
            changes.Add(change);
        }

        changes.ElementAtOrDefault(sample.Before).Type.ToString().ToUpperInvariant().Should().Be(type);
        Check(changes, sample.Before, sample.After);
    }, iter: 2_000);

    [Theory]
    [InlineData(70)]
    [InlineData(9_000)]
    [InlineData(1_000_000)]
    public async Task An_object_that_is_too_deep_says_so(int depth)
    {
        var bad = $$"""{"metadata":{"namespace":"default","name":"bad","resourceVersion":"99"},"spec":{{string.Concat(Enumerable.Repeat("{\"a\":", depth))}}1{{new string('}', depth)}} }""";

        var failure = (await ListAsync(bad)).Failure;

        failure!.Reason.Should().StartWith($"it is nested {depth + 1} levels deep").And.EndWith("at most 64 are allowed");
    }

    [Fact]
    public async Task An_object_that_is_too_large_is_left_out_without_being_kept_in_memory()
    {
        var bad = $$"""{"metadata":{"namespace":"default","name":"bad","resourceVersion":"99"},"spec":{"payload":"{{new string('x', ObjectStream.MaxObjectLength + 100_000)}}"} }""";

        var item = await ListAsync(bad);

        item.Failure!.Reason.Should().Be("it is larger than 16 MiB");
        item.Key.Should().Be(new ObjectKey("default", "bad"));
    }

    [Fact]
    public async Task An_object_without_a_name_is_left_out() =>
        (await ListAsync("""{"metadata":{"resourceVersion":"99"}}""")).Failure!.Reason.Should().Be("it has no metadata.name");

    private static Gen<string> From(params string[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    private static async Task<Decoded<Widget>> ListAsync(string bad)
    {
        var items = new List<Decoded<Widget>>();
        await ObjectStream.ReadListAsync(
            StreamPieces.Of(Stream("{\"items\":[", ",", "]}", Encoding.UTF8.GetBytes(bad), 1, 1), [65536]),
            Widget.Resource, items.Add, TestContext.Current.CancellationToken);

        items.Should().HaveCount(3);
        items[0].Object!.Metadata.Name.Should().Be("good-0");
        items[2].Object!.Metadata.Name.Should().Be("good-1");
        return items[1];
    }

    private static void Check(List<Decoded<Widget>> items, int before, int after)
    {
        items.Should().HaveCount(before + 1 + after);
        var bad = items[before];
        (bad.Key, bad.ResourceVersion).Should().Be((new ObjectKey("default", "bad"), "99"));
        (bad.Object is null).Should().Be(bad.Failure is not null);
        items.RemoveAt(before);
        items.Select(item => item.Object?.Metadata.Name).Should().Equal(Enumerable.Range(0, before + after).Select(i => $"good-{i}"));
    }

    private static byte[] Stream(string start, string separator, string end, byte[] bad, int before, int after, bool isWatch = false)
    {
        var good = Enumerable.Range(0, before + after).Select(i => Widget.Create($"good-{i}")).Select(widget =>
            Encoding.UTF8.GetBytes(isWatch ? FakeApiServer.Event("ADDED", widget) + "\n" : widget.ToJson())).ToList();
        good.Insert(before, bad);
        var stream = new List<byte>(Encoding.UTF8.GetBytes(start));
        for (var i = 0; i < good.Count; i++)
        {
            stream.AddRange(i == 0 ? [] : Encoding.UTF8.GetBytes(separator));
            stream.AddRange(good[i]);
        }

        return [.. stream, .. Encoding.UTF8.GetBytes(end)];
    }
}
