// SPDX-License-Identifier: Apache-2.0

using Chart.Tests.Rendering;

namespace Chart.Tests.Values;

/// <summary>Values that are wrong are refused by name before anything is installed.</summary>
public sealed class SchemaTests
{
    [Theory]
    [InlineData("{}")]
    [InlineData(GardenletValues.OfSeed)]
    [InlineData(GardenletValues.OfSelfHostedShoot)]
    [InlineData(GardenletValues.OfRuntimeCluster)]
    [InlineData("gardener: {}")]
    [InlineData("gardener: null")]
    [InlineData("gardener: {version: null}")]
    [InlineData("replicaCount: null")]
    [InlineData("resources: {}")]
    [InlineData("resources: {requests: null}")]
    [InlineData("resources: {limits: {cpu: 1, memory: 1Gi}}")]
    [InlineData("vpa: {resourcePolicy: {minAllowed: null}}")]
    [InlineData("imageVectorOverwrite: null")]
    [InlineData("imageVectorOverwrite: {}")]
    [InlineData("imageVectorOverwrite: {images: [{name: runtime-gvisor, repository: localhost/controller, tag: v1}]}")]
    [InlineData("imageVectorOverwrite: {images: [{name: runtime-gvisor-installation, repository: localhost/installer}], caBundle: {inline: x}}")]
    [InlineData("usablePorts: null")]
    [InlineData("componentImageVectorOverwrites: {}")]
    [InlineData("disableControllers: []")]
    [InlineData("somethingThatGardenletAddsTomorrow: {a: [1]}")]
    [InlineData("imageVectorOverwrite: ''")]
    [InlineData("imageVectorOverwrite: {images: [{name: runtime-gvisor-installation, ref: localhost/installer@sha256:0123}]}")]
    [InlineData("imageVectorOverwrite: 'images: [{name: runtime-gvisor-installation, repository: localhost/installer}]'")]
    [InlineData("{leaderElection: {enabled: false}, replicaCount: 1}")]
    [InlineData("{leaderElection: {enabled: false}, replicaCount: 0}")]
    public async Task Values_that_make_sense_are_taken(string values) =>
        (await HelmChart.RenderAsync(values)).Should().NotBeEmpty();

    [Fact]
    public async Task The_values_of_the_Go_extensions_chart_mean_the_same_here()
    {
        var objects = await HelmChart.RenderAsync(GoChartValues.Defaults);

        ((string?)objects.Single("Deployment").At("/spec/template/spec/containers/0/image"))
            .Should().Be("europe-docker.pkg.dev/gardener-project/public/gardener/extensions/runtime-gvisor:latest");
        ((string?)objects.Single("VerticalPodAutoscaler").At("/spec/updatePolicy/updateMode")).Should().Be("InPlaceOrRecreate");
        ((string?)objects.Single("VerticalPodAutoscaler").At("/spec/resourcePolicy/containerPolicies/0/minAllowed/memory")).Should().Be("50Mi");
        ((string?)objects.Single("ConfigMap overwrite").At("/data/images_overwrite.yaml")).Should().Contain("runtime-gvisor-installation\n");
    }

    [Fact]
    public async Task A_key_that_nobody_knows_at_the_root_changes_nothing()
    {
        var expected = await HelmChart.RenderAsync();
        var actual = await HelmChart.RenderAsync("{somethingThatGardenletAddsTomorrow: {a: [1]}, disableControllers: [x], componentImageVectorOverwrites: {c: d}}");

        actual.Select(value => value.ToJsonString()).Should().Equal(expected.Select(value => value.ToJsonString()));
    }

    [Fact]
    public void The_notes_name_the_values_of_the_Go_chart_that_do_nothing() =>
        File.ReadAllText(Path.Combine(HelmChart.Folder, "templates", "NOTES.txt")).Should().Contain("componentImageVectorOverwrites").And.Contain("disableControllers");

    [Theory]
    [InlineData("log: {colour: red}", "colour")]
    [InlineData("image: null", "image")]
    [InlineData("image: {repository: ''}", "image.repository: must be set")]
    [InlineData("image: {tag: 'v1@sha256:12'}", "tag")]
    [InlineData("usablePorts: [10300]", "usablePorts")]
    [InlineData("usablePorts: [a, b, c]", "usablePorts")]
    [InlineData("image: {repository: 'https://localhost'}", "repository")]
    [InlineData("image: {tag: 1.0}", "tag")]
    [InlineData("image: {tag: 'sha256:12'}", "tag")]
    [InlineData("image: {pullPolicy: Sometimes}", "pullPolicy")]
    [InlineData("replicaCount: '2'", "replicaCount")]
    [InlineData("replicaCount: -1", "replicaCount")]
    [InlineData("replicaCount: 1.5", "replicaCount")]
    [InlineData("resources: {memory: 1Gi}", "memory")]
    [InlineData("resources: {requests: {memory: [1]}}", "memory")]
    [InlineData("vpa: {enabled: 'yes'}", "enabled")]
    [InlineData("vpa: {updatePolicy: {updateMode: Sometimes}}", "updateMode")]
    [InlineData("vpa: {updatePolicy: {updateMode: Off}}", "updateMode")]
    [InlineData("log: {level: trace}", "level")]
    [InlineData("log: {format: xml}", "format")]
    [InlineData("metrics: {enableScraping: 1}", "enableScraping")]
    [InlineData("metrics: {port: 80}", "port")]
    [InlineData("metrics: {port: 65536}", "port")]
    [InlineData("metrics: {port: '8080'}", "port")]
    [InlineData("metrics: {port: 8081}", "health.port")]
    [InlineData("metrics: {dashboard: true}", "dashboard")]
    [InlineData("metrics: {alerts: {enabled: 'no'}}", "enabled")]
    [InlineData("controllers: {healthConditions: 'off'}", "healthConditions")]
    [InlineData("health: {port: 8080}", "health.port")]
    [InlineData("health: null", "health")]
    [InlineData("leaderElection: {enabled: false}", "replicaCount")]
    [InlineData("{leaderElection: {enabled: false}, replicaCount: 2}", "replicaCount")]
    [InlineData("leaderElection: {leaseName: 'Not a name'}", "leaseName")]
    [InlineData("leaderElection: {leaseName: ''}", "leaseName")]
    [InlineData("controllers: {concurrentSyncs: 0}", "concurrentSyncs")]
    [InlineData("controllers: {ignoreOperationAnnotation: 'false'}", "ignoreOperationAnnotation")]
    [InlineData("controllers: {extensionClasses: [worker]}", "extensionClasses")]
    [InlineData("controllers: {extensionClasses: [shoot, shoot]}", "extensionClasses")]
    [InlineData("controllers: {extensionClasses: shoot}", "extensionClasses")]
    [InlineData("controllers: {heartbeat: {renewIntervalSeconds: 0}}", "renewIntervalSeconds")]
    [InlineData("controllers: {disabled: true}", "disabled")]
    [InlineData("gvisorInstallation: {nodeCriticalComponent: 'true'}", "nodeCriticalComponent")]
    [InlineData("gvisorInstallation: {testRepository: '--log-level=debug'}", "testRepository")]
    [InlineData("imageVectorOverwrite: {images: [{tag: v1}]}", "name")]
    [InlineData("imageVectorOverwrite: {image: []}", "image")]
    [InlineData("gardener: {version: 1}", "version")]
    public async Task Values_that_make_none_are_refused_by_name(string values, string named) =>
        (await HelmChart.RefuseAsync(values)).Should().Contain(named);
}
