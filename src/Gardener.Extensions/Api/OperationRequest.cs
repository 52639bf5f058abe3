// SPDX-License-Identifier: Apache-2.0

namespace Gardener.Extensions.Api;

/// <summary>
/// What gardenlet writes to an object when it asks for something. Every other change (status, finalizers, labels) is no request.
/// </summary>
internal readonly record struct OperationRequest(string? Uid, long? Generation, string? Timestamp, string? Operation)
{
    public static OperationRequest Of(IExtensionObject value)
    {
        return new(
            value.Metadata.Uid, value.Metadata.Generation, Annotation(GardenerAnnotations.Timestamp), Annotation(GardenerAnnotations.Operation));

        string? Annotation(string key) => value.Metadata.Annotations is { } annotations && annotations.TryGetValue(key, out var text) ? text : null;
    }

    /// <summary>Nothing was asked for since then. An annotation that was taken off is an answer and no request.</summary>
    public bool IsSameAs(OperationRequest earlier) => this with { Operation = Operation ?? earlier.Operation } == earlier;
}
