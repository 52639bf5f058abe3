// SPDX-License-Identifier: Apache-2.0

using RuntimeGVisor.NodeConfiguration;
using k8s.Models;

namespace RuntimeGVisor.Shoot;

/// <summary>Says in terms of a pod which nodes a label selector means.</summary>
internal static class NodeSelection
{
    private const string OperatorsWithValues = "In, NotIn";
    private const string OperatorsWithoutValues = "Exists, DoesNotExist";

    /// <summary>Gardener contract 5.3: nodes with containerd, overlaid with what the selector matches exactly.</summary>
    public static SortedDictionary<string, string> NodeSelector(V1LabelSelector? selector)
    {
        var labels = new SortedDictionary<string, string>(StringComparer.Ordinal) { ["worker.gardener.cloud/cri-name"] = "containerd" };
        foreach (var (key, value) in selector?.MatchLabels ?? new Dictionary<string, string>(StringComparer.Ordinal))
        {
            labels[key] = value;
        }

        return labels;
    }

    /// <summary>
    /// The selector's expressions as required affinity; null when it has none. Label selectors and node selectors evaluate the four operators
    /// alike, in particular a node without the label satisfies <c>NotIn</c>.
    /// </summary>
    public static V1Affinity? Affinity(V1LabelSelector? selector) => selector?.MatchExpressions is { Count: > 0 } expressions
        ? new()
        {
            NodeAffinity = new()
            {
                RequiredDuringSchedulingIgnoredDuringExecution = new()
                {
                    NodeSelectorTerms =
                    [
                        new()
                        {
                            MatchExpressions =
                            [
                                .. expressions.Select(expression => new V1NodeSelectorRequirement
                                {
                                    Key = expression.Key,
                                    OperatorProperty = expression.OperatorProperty,
                                    Values = expression.Values is { Count: > 0 } ? [.. expression.Values] : null,
                                }),
                            ],
                        },
                    ],
                },
            },
        }
        : null;

    public static IEnumerable<ConfigurationError> Check(V1LabelSelector? selector, string field)
    {
        for (var index = 0; index < (selector?.MatchExpressions?.Count ?? 0); index++)
        {
            var (expression, path) = (selector!.MatchExpressions[index], $"{field}.matchExpressions[{index}]");
            if (string.IsNullOrEmpty(expression.Key))
            {
                yield return new($"{path}.key", expression.Key ?? "", "the key of a label");
            }

            var hasValues = expression.Values is { Count: > 0 };
            switch (expression.OperatorProperty)
            {
                case "In" or "NotIn" when !hasValues:
                    yield return new($"{path}.values", null, $"{OperatorsWithValues} need at least one value");
                    break;
                case "Exists" or "DoesNotExist" when hasValues:
                    yield return new($"{path}.values", string.Join(',', expression.Values!), $"{OperatorsWithoutValues} take no values");
                    break;
                case "In" or "NotIn" or "Exists" or "DoesNotExist":
                    break;
                default:
                    yield return new($"{path}.operator", expression.OperatorProperty ?? "", $"one of {OperatorsWithValues}, {OperatorsWithoutValues}");
                    break;
            }
        }
    }
}
