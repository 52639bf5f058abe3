// SPDX-License-Identifier: Apache-2.0

using System.Collections;
using Kubernetes.Controllers.Client;

namespace Kubernetes.Controllers.Reconciling;

/// <summary>What every log line of a reconcile says, whoever writes it: the fields that controller-runtime gives to its loggers.</summary>
internal sealed class ReconcileScope(string controller, ObjectKey key) : IReadOnlyList<KeyValuePair<string, object?>>
{
    public int Count => 3;

    public KeyValuePair<string, object?> this[int index] => index switch
    {
        0 => new("controller", controller),
        1 => new("namespace", key.Namespace),
        2 => new("name", key.Name),
        _ => throw new ArgumentOutOfRangeException(nameof(index)),
    };

    public IEnumerator<KeyValuePair<string, object?>> GetEnumerator() => Enumerable.Range(0, Count).Select(index => this[index]).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
