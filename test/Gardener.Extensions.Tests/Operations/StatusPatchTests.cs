// SPDX-License-Identifier: Apache-2.0

using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using CsCheck;
using Gardener.Extensions.Api;
using Gardener.Extensions.Operations;

namespace Gardener.Extensions.Tests.Operations;

/// <summary>The bodies of status writes. (Gardener contract 2.7: status updates.)</summary>
public sealed class StatusPatchTests
{
    private static readonly DateTimeOffset Before = new(2026, 5, 4, 9, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset Now = new(2026, 5, 4, 10, 0, 0, TimeSpan.Zero);

    private static readonly ExtensionStatus Failed = new()
    {
        LastOperation = new()
        {
            Type = OperationType.Reconcile,
            State = OperationState.Error,
            Progress = 50,
            Description = "Error reconciling ContainerRuntime: no",
            LastUpdateTime = Before,
        },
        LastError = new() { Description = "Error reconciling ContainerRuntime: no", Codes = ["ERR_CONFIGURATION_PROBLEM"], LastUpdateTime = Before },
        ObservedGeneration = 2,
    };

    private static readonly ExtensionStatus Succeeded = new()
    {
        LastOperation = new()
        {
            Type = OperationType.Reconcile,
            State = OperationState.Succeeded,
            Progress = 100,
            Description = "Successfully reconciled ContainerRuntime",
            LastUpdateTime = Now,
        },
        ObservedGeneration = 3,
    };

    [Fact]
    public void Success_after_an_error_takes_the_error_away_and_leaves_the_type_out() => Body(Failed, Succeeded).Should().Be(Text("""
        {"status":{"lastOperation":{"description":"Successfully reconciled ContainerRuntime","lastUpdateTime":"2026-05-04T10:00:00Z","progress":100,"state":"Succeeded"},
         "lastError":null,"observedGeneration":3}}
        """));

    [Fact]
    public void The_first_write_has_everything() => Body(null, Failed).Should().Be(Text("""
        {"status":{"lastOperation":{"description":"Error reconciling ContainerRuntime: no","lastUpdateTime":"2026-05-04T09:00:00Z","progress":50,"state":"Error","type":"Reconcile"},
         "lastError":{"description":"Error reconciling ContainerRuntime: no","codes":["ERR_CONFIGURATION_PROBLEM"],"lastUpdateTime":"2026-05-04T09:00:00Z"},
         "observedGeneration":2}}
        """));

    [Fact]
    public void A_success_that_is_repeated_writes_the_new_time_only() =>
        Body(Succeeded, Succeeded with { LastOperation = Succeeded.LastOperation! with { LastUpdateTime = Now.AddSeconds(5) } })
            .Should().Be("""{"status":{"lastOperation":{"lastUpdateTime":"2026-05-04T10:00:05Z"}}}""");

    [Fact]
    public void An_error_that_loses_its_codes_says_so() =>
        Body(Failed, Failed with { LastError = Failed.LastError! with { Codes = null } }).Should().Be("""{"status":{"lastError":{"codes":null}}}""");

    [Fact]
    public void Codes_are_replaced_as_a_whole() =>
        Body(Failed, Failed with { LastError = Failed.LastError! with { Codes = ["A", "B"] } })
            .Should().Be("""{"status":{"lastError":{"codes":["A","B"]}}}""");

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(499)]
    [InlineData(500)]
    [InlineData(999)]
    public void Times_are_cut_to_whole_seconds_and_never_rounded(int milliseconds) =>
        Body(Succeeded, Succeeded with { LastOperation = Succeeded.LastOperation! with { LastUpdateTime = Now.AddSeconds(5).AddMilliseconds(milliseconds) } })
            .Should().Contain("10:00:05Z");

    [Fact]
    public void Times_are_UTC() =>
        Body(null, new() { LastOperation = new() { LastUpdateTime = new(2026, 5, 4, 12, 0, 0, TimeSpan.FromHours(2)) } })
            .Should().Contain("\"2026-05-04T10:00:00Z\"");

    [Fact]
    public void A_part_of_a_second_is_no_difference() =>
        StatusPatch.Between(Succeeded, Succeeded with { LastOperation = Succeeded.LastOperation! with { LastUpdateTime = Now.AddMilliseconds(999) } })
            .Should().BeNull();

    [Fact]
    public void Equal_statuses_need_no_patch() =>
        Statuses.Sample(status => StatusPatch.Between(status, status) is null);

    [Fact]
    public void The_patch_turns_any_status_into_any_other() =>
        Gen.Select(Statuses, Statuses).Sample((current, wanted) =>
        {
            var patched = Apply(JsonSerializer.SerializeToNode(current, GardenerJson.Default.ExtensionStatus)!.AsObject(), current, wanted);
            return patched.Deserialize(GardenerJson.Default.ExtensionStatus)! == wanted;
        });

    [Fact]
    public void Fields_of_others_are_never_touched() =>
        Gen.Select(Statuses, Statuses).Sample((current, wanted) =>
        {
            var json = JsonSerializer.SerializeToNode(current, GardenerJson.Default.ExtensionStatus)!.AsObject();
            json["conditions"] = new JsonArray(new JsonObject { ["type"] = "SystemComponentsHealthy" });
            json["providerStatus"] = new JsonObject { ["a"] = 1 };
            json["lastOperation"]?.AsObject().Add("foreign", true);

            var patched = Apply(json, current, wanted);

            return JsonNode.DeepEquals(patched["conditions"], json["conditions"])
                && JsonNode.DeepEquals(patched["providerStatus"], json["providerStatus"])
                && (wanted.LastOperation is null || current.LastOperation is null || (bool)patched["lastOperation"]!["foreign"]!);
        });

    [Fact]
    public void Only_what_differs_is_in_the_patch() =>
        Gen.Select(Statuses, Statuses).Sample((current, wanted) =>
        {
            var json = JsonSerializer.SerializeToNode(current, GardenerJson.Default.ExtensionStatus);
            return StatusPatch.Between(current, wanted) is not { } patch
                || Leaves(JsonNode.Parse(patch.Body.Span)!["status"]!, json).All(leaf => !JsonNode.DeepEquals(leaf.New, leaf.Old));
        });

    private static Gen<ExtensionStatus> Statuses
    {
        get
        {
            var times = Gen.Int[0, 5].Select(seconds => Now.AddSeconds(seconds));
            var operation =
                from type in Gen.Enum<OperationType>()
                from state in Gen.Enum<OperationState>()
                from progress in Gen.OneOf(1, 50, 100)
                from description in Gen.OneOf("", "a", "b \"quoted\" ü")
                from time in times
                select new LastOperation { Type = type, State = state, Progress = progress, Description = description, LastUpdateTime = time };
            var error =
                from description in Gen.OneOf("a", "b")
                from codes in Gen.OneOf<string[]>([], ["A"], ["B"], ["A", "B"])
                from hasTime in Gen.Bool
                from time in times
                select new LastError
                {
                    Description = description,
                    Codes = codes.Length == 0 ? null : codes.ToImmutableArray(),
                    LastUpdateTime = hasTime ? time : null,
                };
            return from lastOperation in Gen.Null(operation)
                   from lastError in Gen.Null(error)
                   from hasGeneration in Gen.Bool
                   from generation in Gen.Long[1, 3]
                   select new ExtensionStatus
                   {
                       LastOperation = lastOperation,
                       LastError = lastError,
                       ObservedGeneration = hasGeneration ? generation : null,
                   };
        }
    }

    private static JsonObject Apply(JsonObject json, ExtensionStatus current, ExtensionStatus wanted) =>
        StatusPatch.Between(current, wanted) is { } patch
            ? MergePatch.Apply(json, JsonNode.Parse(patch.Body.Span)!["status"])!.AsObject()
            : json;

    private static IEnumerable<(JsonNode? New, JsonNode? Old)> Leaves(JsonNode changed, JsonNode? current) =>
        changed.AsObject().SelectMany(field => field.Value is JsonObject nested
            ? Leaves(nested, current?[field.Key])
            : [(field.Value, current?[field.Key])]);

    private static string Body(ExtensionStatus? current, ExtensionStatus wanted) =>
        JsonNode.Parse(StatusPatch.Between(current, wanted)!.Body.Span)!.ToJsonString();

    private static string Text(string json) => JsonNode.Parse(json)!.ToJsonString();
}
