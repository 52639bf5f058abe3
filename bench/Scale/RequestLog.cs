// SPDX-License-Identifier: Apache-2.0

using ControlPlane;

namespace Scale;

/// <summary>Counts the controller's requests in the API server's audit log.</summary>
internal sealed class RequestLog(IReadOnlyList<AuditedRequest> log)
{
    private const string UserAgent = "gardener-extension-runtime-gvisor/";

    public static bool IsOfController(AuditedRequest request) => request.UserAgent.StartsWith(UserAgent, StringComparison.Ordinal);

    public Requests During(Span span)
    {
        var requests = log
            .Where(request => IsOfController(request) && request.Time >= span.Start && request.Time <= span.End)
            .ToList();
        var work = requests.Where(request => !IsBeside(request)).ToList();
        return new Requests(
            work.GroupBy(request => $"{request.Verb} {request.Resource}", StringComparer.Ordinal)
                .OrderByDescending(group => group.Count())
                .ToDictionary(group => group.Key, group => group.Count(), StringComparer.Ordinal),
            requests.Count - work.Count,
            work.Count(request => request.Code >= 400));
    }

    /// <summary>A list inside of a namespace is work: the last pool of a shoot is looked for so.</summary>
    private static bool IsBeside(AuditedRequest request) =>
        request.Resource == "leases" || request.Verb == "watch" || (request.Verb == "list" && request.Namespace.Length == 0);
}
