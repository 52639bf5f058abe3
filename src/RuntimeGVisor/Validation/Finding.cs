// SPDX-License-Identifier: Apache-2.0

using RuntimeGVisor.NodeConfiguration;

namespace RuntimeGVisor.Validation;

/// <summary>One thing that is wrong with an object that a person wrote.</summary>
/// <param name="Severity">How bad it is.</param>
/// <param name="Path">
/// The field, such as <c>spec.provider.workers[1].cri.containerRuntimes[0].providerConfig.configFlags[net-raw]</c>; empty for the object as a whole.
/// </param>
/// <param name="Message">The value, what is wrong with it and what is allowed: one printable line without full stop.</param>
public sealed record Finding(Severity Severity, string Path, string Message)
{
    /// <summary>Field and message in one line.</summary>
    public override string ToString() => Path.Length == 0 ? Message : $"{Path}: {Message}";

    /// <summary>Half a surrogate pair, as <c>"\ud800"</c>, cannot be compared with anything.</summary>
    internal static Finding OfBrokenText { get; } = new(Severity.Error, "", "holds a text that is no Unicode");

    internal Finding Below(string path) => this with { Path = Path.Length == 0 ? path : $"{path}.{Path}" };

    internal static Finding Of(ConfigurationError error) => new(Severity.Error, error.Field, error.Reason);
}
