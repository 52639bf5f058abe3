// SPDX-License-Identifier: Apache-2.0

namespace RuntimeGVisor.Validation;

/// <summary>How bad a <see cref="Finding"/> is.</summary>
public enum Severity
{
    /// <summary>It works, and probably not as meant.</summary>
    Warning,

    /// <summary>It is refused: the controller would ignore it, or could not understand it.</summary>
    Error,
}
