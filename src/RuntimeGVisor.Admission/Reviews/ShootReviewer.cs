// SPDX-License-Identifier: Apache-2.0

using System.Text.Json;
using RuntimeGVisor.Validation;

namespace RuntimeGVisor.Admission.Reviews;

/// <summary>Judges a Shoot that is created or changed.</summary>
/// <param name="policy">Which flags the operator allows.</param>
internal sealed class ShootReviewer(FlagPolicy policy)
{
    /// <summary>Gardener's API server sets it on every Shoot with a worker pool for gVisor, and on no other (Gardener contract 7.5).</summary>
    public const string Label = "containerruntime.extensions.gardener.cloud/gvisor";

    /// <summary>Judges what is asked; what is not about a Shoot with gVisor is allowed.</summary>
    /// <exception cref="FormatException">The review is none.</exception>
    public AdmissionResponse Review(AdmissionReview review)
    {
        if (!IsForUs(review))
        {
            return AdmissionResponse.Allowed;
        }

        if (review.Object is not { ValueKind: JsonValueKind.Object } shoot)
        {
            throw new FormatException($"request.object: must be an object with the operation {review.Operation}.");
        }

        if (!IsLabelled(shoot))
        {
            return AdmissionResponse.Allowed;
        }

        var findings = Validate(shoot, review.OldObject);
        var errors = findings.Where(finding => finding.Severity == Severity.Error).Select(finding => finding.ToString()).ToList();
        return new AdmissionResponse
        {
            Rejection = errors.Count == 0 ? null : string.Join('\n', errors),
            Warnings = [.. findings.Where(finding => finding.Severity != Severity.Error).Select(finding => finding.ToString())],
        };
    }

    private IReadOnlyList<Finding> Validate(JsonElement shoot, JsonElement? oldShoot)
    {
        try
        {
            return ShootValidator.Validate(shoot, oldShoot, policy);
        }
        catch (InvalidOperationException exception)
        {
            // API servers pass a providerConfig on as it was written, half of a surrogate pair included.
            return [new Finding(Severity.Error, "spec.provider.workers", $"a text is no valid Unicode: {exception.Message}")];
        }
    }

    private static bool IsForUs(AdmissionReview review) =>
        review.ObjectKind is ("core.gardener.cloud", "v1beta1", "Shoot") && review.SubResource.Length == 0 && review.Operation is "CREATE" or "UPDATE";

    private static bool IsLabelled(JsonElement shoot) =>
        AdmissionReview.Text(AdmissionReview.Find(AdmissionReview.Find(shoot, "metadata"), "labels"), Label) == "true";
}
