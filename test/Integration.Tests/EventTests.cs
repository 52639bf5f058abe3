// SPDX-License-Identifier: Apache-2.0

using ControlPlane;

namespace Integration.Tests;

/// <summary>Events on ContainerRuntimes tell what somebody must act on, once. (That of an overdue deletion is among the deletion tests.)</summary>
public sealed class EventTests(SharedSeed seed)
{
    [Fact]
    public async Task Ignored_flags_are_one_event_however_often_they_are_reconciled()
    {
        var shoot = await Shoot.CreateAsync(seed.Api);
        var configuration = Shoot.ProviderConfig(("no-such-flag", "true"), ("net-raw", "maybe"));
        await shoot.DeployAsync("a", configuration);
        await shoot.WaitUntilReadyAsync("a");
        var warning = await shoot.WaitForEventAsync("a", "FlagsIgnored");

        ((string?)warning["type"]).Should().Be("Warning");
        ((string?)warning["message"]).Should().Contain("no-such-flag").And.Contain("net-raw with value 'maybe'");
        ((string?)warning["source"]!["component"]).Should().Be("gardener-extension-runtime-gvisor");
        ((string?)warning["involvedObject"]!["kind"]).Should().Be("ContainerRuntime");
        ((string?)warning["involvedObject"]!["apiVersion"]).Should().Be("extensions.gardener.cloud/v1alpha1");
        ((string?)warning["involvedObject"]!["uid"]).Should().Be((string?)(await shoot.GetAsync("a"))["metadata"]!["uid"]);

        await shoot.AnnotateAsync("a", "reconcile");
        await shoot.WaitUntilReadyAsync("a");
        await shoot.DeployAsync("b", Shoot.ProviderConfig(("another-flag", "true")));
        await shoot.WaitForEventAsync("b", "FlagsIgnored");
        ((int?)(await shoot.WaitForEventAsync("a", "FlagsIgnored"))["count"]).Should().Be(1, "events are written in order, and that of b is there");
    }

    [Fact]
    public async Task The_alias_of_the_API_version_is_an_event()
    {
        var shoot = await Shoot.CreateAsync(seed.Api);
        var configuration = Shoot.ProviderConfig();
        configuration["apiVersion"] = "gvisor.os.extensions.gardener.cloud/v1alpha1";

        await shoot.DeployAsync("a", configuration);

        ((string?)(await shoot.WaitForEventAsync("a", "DeprecatedApiVersion"))["message"]).Should()
            .Contain("gvisor.os.extensions.gardener.cloud/v1alpha1").And.Contain("gvisor.runtime.extensions.config.gardener.cloud/v1alpha1");
    }

    [Fact]
    public async Task An_error_is_an_event_with_the_text_of_the_status()
    {
        var shoot = await Shoot.CreateAsync(seed.Api);
        var configuration = Shoot.ProviderConfig();
        configuration["kind"] = "Other";

        await shoot.DeployAsync("a", configuration);
        var runtime = await shoot.WaitForAsync("a", "Create", "Error");

        ((string?)(await shoot.WaitForEventAsync("a", "CreateFailed"))["message"]).Should().Be((string?)runtime["status"]!["lastError"]!["description"]);
    }

    [Fact]
    public async Task A_success_is_no_event()
    {
        var shoot = await Shoot.CreateAsync(seed.Api);
        await shoot.DeployAsync("a", Shoot.ProviderConfig(("net-raw", "true")));
        await shoot.WaitForHealthAsync("a", "True");
        await shoot.DeployAsync("b", Shoot.ProviderConfig(("another-flag", "true")));
        await shoot.WaitForEventAsync("b", "FlagsIgnored");

        (await seed.Api.ListAsync(ApiPaths.Events(shoot.Namespace))).Should().ContainSingle("b is the only one to tell of");
    }
}

/// <summary>Another process continues the events of the one before.</summary>
[Collection(OwnSeedCollection.Name)]
public sealed class EventContinuationTests(OwnSeed seed)
{
    [Fact]
    public async Task A_new_leader_counts_the_same_event_up()
    {
        var shoot = await Shoot.CreateAsync(seed.Api);
        await using (await seed.StartControllerAsync())
        {
            await shoot.DeployAsync("a", Shoot.ProviderConfig(("no-such-flag", "true")));
            await shoot.WaitForEventAsync("a", "FlagsIgnored");
        }

        await using (await seed.StartControllerAsync())
        {
            await shoot.AnnotateAsync("a", "reconcile");
            await shoot.WaitForEventAsync("a", "FlagsIgnored", value => (int?)value["count"] == 2);
        }
    }
}
