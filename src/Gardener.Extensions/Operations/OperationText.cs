// SPDX-License-Identifier: Apache-2.0

using Gardener.Extensions.Api;

namespace Gardener.Extensions.Operations;

/// <summary>The descriptions that appear in <c>lastOperation</c> (Gardener contract 2.6: they are observable and fixed).</summary>
/// <param name="kind">The kind of the extension object.</param>
internal sealed class OperationText(string kind)
{
    public string Processing(OperationType type) => $"{Verb(type, "ing")} the {kind}";

    public string Succeeded(OperationType type) => $"Successfully {Verb(type, "ed").ToLowerInvariant()} {kind}";

    public string Failed(OperationType type, string cause) => $"Error {Verb(type, "ing").ToLowerInvariant()} {kind}: {cause}";

    private static string Verb(OperationType type, string ending) => type switch
    {
        OperationType.Delete => "Delet",
        OperationType.Migrate => "Migrat",
        OperationType.Restore => "Restor",
        _ => "Reconcil",
    } + ending;
}
