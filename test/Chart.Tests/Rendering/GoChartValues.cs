// SPDX-License-Identifier: Apache-2.0

namespace Chart.Tests.Rendering;

/// <summary>The values of the Go extension's chart with their defaults (v0.45-dev), which an operator who takes over may have copied.</summary>
internal static class GoChartValues
{
    public const string Defaults = """
        image:
          repository: europe-docker.pkg.dev/gardener-project/public/gardener/extensions/runtime-gvisor
          tag: latest
          pullPolicy: IfNotPresent
        imageVectorOverwrite: {}
        componentImageVectorOverwrites: {}
        resources: {}
        vpa:
          enabled: true
          resourcePolicy:
            minAllowed:
              memory: 50Mi
          updatePolicy:
            updateMode: "InPlaceOrRecreate"
        metrics:
          enableScraping: true
          port: 8080
        controllers:
          concurrentSyncs: 5
          ignoreOperationAnnotation: false
          heartbeat:
            renewIntervalSeconds: 30
        disableControllers: []
        gardener:
          version: ""
        gvisorInstallation:
          testRepository: ""
        """;
}
