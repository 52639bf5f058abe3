// SPDX-License-Identifier: Apache-2.0

using System.Text.Json;
using Gardener.Extensions.Api;

namespace Gardener.Extensions.Tests.Api;

public sealed class TolerantEnumConverterTests
{
    [Theory]
    [InlineData("\"Create\"", OperationType.Create)]
    [InlineData("\"Reconcile\"", OperationType.Reconcile)]
    [InlineData("\"Delete\"", OperationType.Delete)]
    [InlineData("\"Migrate\"", OperationType.Migrate)]
    [InlineData("\"Restore\"", OperationType.Restore)]
    public void A_value_is_read_by_its_name(string json, OperationType type) => Read(json).Should().Be(type);

    [Theory]
    [InlineData("\"LiveMigrate\"")]
    [InlineData("\"create\"")]
    [InlineData("\" Create\"")]
    [InlineData("\"1\"")]
    [InlineData("\"Create, Delete\"")]
    [InlineData("\"\"")]
    [InlineData("1")]
    [InlineData("true")]
    [InlineData("{\"a\":[1]}")]
    [InlineData("[\"Create\"]")]
    public void Anything_else_reads_as_unknown(string json) => Read(json).Should().Be(OperationType.Unknown);

    [Fact]
    public void An_odd_value_does_not_swallow_what_follows() =>
        JsonSerializer.Deserialize("""{"lastOperation":{"type":{"x":[]},"state":"Succeeded","progress":100}}""", GardenerJson.Default.ExtensionStatus)!
            .LastOperation.Should().Be(new LastOperation { State = OperationState.Succeeded, Progress = 100 });

    [Fact]
    public void A_value_is_written_by_its_name() =>
        JsonSerializer.SerializeToElement(new ExtensionStatus { LastOperation = new() { State = OperationState.Processing } }, GardenerJson.Default.ExtensionStatus)
            .GetProperty("lastOperation").GetProperty("state").GetString().Should().Be("Processing");

    private static OperationType Read(string json) =>
        JsonSerializer.Deserialize($$$"""{"lastOperation":{"type":{{{json}}}}}""", GardenerJson.Default.ExtensionStatus)!.LastOperation!.Type;
}
