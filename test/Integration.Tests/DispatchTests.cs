// SPDX-License-Identifier: Apache-2.0

using System.Globalization;
using System.Text.Json.Nodes;
using ControlPlane;

namespace Integration.Tests;

/// <summary>
/// Gardener contract 10.3: what a controller does with the objects that it finds when it starts, as after a crash or a change of leaders.
/// </summary>
[Collection(OwnSeedCollection.Name)]
public sealed class DispatchTests(OwnSeed seed)
{
    private const string Finalizer = "extensions.gardener.cloud/containerruntime";

    /// <summary>Keeps an object that is being deleted visible.</summary>
    private const string ForeignFinalizer = "test.gvisor/keep";

    [Fact]
    public async Task Annotation_deletion_and_last_operation_decide_what_is_done()
    {
        Case[] cases =
        [
            new("new object") { Annotation = "reconcile", Expected = "Create Succeeded" },
            new("failed creation") { LastOperation = "Create Error", Expected = "Create Succeeded" },
            new("known object") { Annotation = "reconcile", LastOperation = "Reconcile Succeeded", Expected = "Reconcile Succeeded", IsWorkedOn = true },
            new("interrupted reconcile") { LastOperation = "Reconcile Processing", Expected = "Reconcile Succeeded" },
            new("interrupted restore") { LastOperation = "Restore Processing", Expected = "Restore Succeeded" },
            new("restore") { Annotation = "restore", LastOperation = "Reconcile Succeeded", Expected = "Restore Succeeded" },
            new("restore of a deleted object") { Annotation = "restore", IsDeleted = true, LastOperation = "Reconcile Succeeded", Expected = "Delete Succeeded", KeepsAnnotation = true },
            new("migrate") { Annotation = "migrate", LastOperation = "Reconcile Succeeded", Expected = "Migrate Succeeded" },
            new("migrate of a deleted object") { Annotation = "migrate", IsDeleted = true, LastOperation = "Reconcile Succeeded", Expected = null },
            new("failed migration") { LastOperation = "Migrate Error", Expected = "Migrate Succeeded" },
            new("deleted after migration") { IsDeleted = true, LastOperation = "Migrate Succeeded", Expected = "Migrate Succeeded", KeepsFinalizer = true },
            new("reconcile after migration") { Annotation = "reconcile", LastOperation = "Migrate Succeeded", Expected = "Migrate Succeeded" },
            new("waits for its state") { Annotation = "wait-for-state", LastOperation = "Create Processing", Expected = "Create Processing", KeepsAnnotation = true },
            new("deleted without own finalizer") { IsDeleted = true, HasFinalizer = false, LastOperation = "Reconcile Succeeded", Expected = "Reconcile Succeeded" },
            new("failed shoot") { Annotation = "reconcile", LastOperation = "Reconcile Error", ShootState = "Failed", Expected = "Reconcile Error", KeepsAnnotation = true },
            new("request whose annotation was taken off before a crash") { LastOperation = "Reconcile Succeeded", IsRequestNewer = true, Expected = "Reconcile Succeeded", IsWorkedOn = true },
        ];
        await Task.WhenAll(cases.Select(PrepareAsync));

        await using var resourceManager = ResourceManagerProcess.Start(seed.ControlPlane, TimeSpan.Zero);
        await using var controller = await seed.StartControllerAsync();

        // The queue is in order: what a later object waits for comes after all that was there at the start.
        var last = await Shoot.CreateAsync(seed.Api);
        await last.DeployAsync("a");
        await last.WaitUntilReadyAsync("a");
        foreach (var one in cases)
        {
            await one.VerifyAsync();
        }
    }

    private async Task PrepareAsync(Case one)
    {
        one.Shoot = await Shoot.CreateAsync(seed.Api, Shoot.ClusterSpec(one.ShootState));
        var path = ApiPaths.ContainerRuntimes(one.Shoot.Namespace, Shoot.NameOf("a"));
        var finalizers = new JsonArray();
        if (one.HasFinalizer && one.LastOperation is not null)
        {
            finalizers.Add(Finalizer);
        }

        if (one.IsDeleted && one.Expected is not null)
        {
            finalizers.Add(ForeignFinalizer);
        }

        var annotations = new JsonObject();
        if (one.Annotation is not null)
        {
            annotations["gardener.cloud/operation"] = one.Annotation;
        }

        if (one.IsRequestNewer)
        {
            annotations["gardener.cloud/timestamp"] = TimeProvider.System.GetUtcNow().ToString("o", CultureInfo.InvariantCulture);
        }

        await seed.Api.CreateAsync(
            ApiPaths.ContainerRuntimes(one.Shoot.Namespace),
            new JsonObject
            {
                ["apiVersion"] = "extensions.gardener.cloud/v1alpha1",
                ["kind"] = "ContainerRuntime",
                ["metadata"] = new JsonObject { ["name"] = Shoot.NameOf("a"), ["annotations"] = annotations, ["finalizers"] = finalizers },
                ["spec"] = Shoot.ContainerRuntimeSpec("a"),
            });
        if (one.LastOperation?.Split(' ') is [var type, var state])
        {
            await seed.Api.PatchAsync(
                $"{path}/status",
                new JsonObject
                {
                    ["status"] = new JsonObject
                    {
                        ["observedGeneration"] = 1,
                        ["lastOperation"] = new JsonObject
                        {
                            ["type"] = type,
                            ["state"] = state,
                            ["progress"] = 50,
                            ["description"] = "before the controller started",
                            ["lastUpdateTime"] = Case.Before,
                        },
                    },
                });
        }

        if (one.IsDeleted)
        {
            await seed.Api.DeleteAsync(path);
        }
    }

    /// <param name="Name">What it is about.</param>
    private sealed record Case(string Name)
    {
        public const string Before = "2026-01-01T00:00:00Z";

        public string? Annotation { get; init; }

        public bool IsDeleted { get; init; }

        public bool HasFinalizer { get; init; } = true;

        public string? LastOperation { get; init; }

        public string ShootState { get; init; } = "Processing";

        public bool IsRequestNewer { get; init; }

        /// <summary>Type and state of the last operation in the end; null if the object is gone then.</summary>
        public required string? Expected { get; init; }

        /// <summary>The last operation is equal to the one before, but newer.</summary>
        public bool IsWorkedOn { get; init; }

        public bool KeepsAnnotation { get; init; }

        public bool KeepsFinalizer { get; init; }

        public Shoot Shoot { get; set; } = null!;

        public async Task VerifyAsync()
        {
            try
            {
                await Eventually.GetAsync(Name, () => Shoot.FindAsync("a"), IsAsExpected);
            }
            catch (TimeoutException exception)
            {
                Assert.Fail(exception.Message);
            }
        }

        private bool IsAsExpected(JsonObject? value)
        {
            if (value is null || Expected is null)
            {
                return value is null && Expected is null;
            }

            var operation = value["status"]?["lastOperation"];
            var isTouched = (string?)operation?["lastUpdateTime"] != Before;
            var mustBeTouched = IsWorkedOn || Expected != LastOperation;
            var finalizers = value["metadata"]!["finalizers"]?.AsArray().Select(name => (string)name!).ToList() ?? [];
            var mustHaveFinalizer = KeepsFinalizer || (!IsDeleted && !Expected.StartsWith("Migrate", StringComparison.Ordinal))
                || (Expected == LastOperation && !mustBeTouched && !IsDeleted);
            return $"{operation?["type"]} {operation?["state"]}" == Expected
                && isTouched == mustBeTouched
                && (value["metadata"]!["annotations"]?["gardener.cloud/operation"] is not null) == KeepsAnnotation
                && finalizers.Contains(Finalizer) == mustHaveFinalizer;
        }
    }
}
