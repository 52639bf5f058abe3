// SPDX-License-Identifier: Apache-2.0

using Hosting.Metrics;

namespace Kubernetes.Controllers.Caching;

/// <summary>How often an informer had trouble. controller-runtime has no such metrics; the names are this library's own.</summary>
internal sealed class InformerMetrics(MetricRegistry registry, string resource)
{
    public Counter Failures { get; } = registry.Counter(
        "informer_failures_total", "Number of lists and watches that failed, by resource.", "resource").With(resource);

    public Counter Undecodable { get; } = registry.Counter(
        "informer_undecodable_objects_total", "Number of versions of objects that could not be decoded and were left out, by resource.", "resource").With(resource);
}
