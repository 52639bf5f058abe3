// SPDX-License-Identifier: Apache-2.0

namespace RuntimeGVisor.Validation;

/// <summary>What an operator's policy says about a setting.</summary>
public enum FlagRule
{
    /// <summary>Owners of shoots may use it.</summary>
    Allow,

    /// <summary>Owners may use it and are warned.</summary>
    Warn,

    /// <summary>It is refused by admission, and the controller ignores it.</summary>
    Deny,
}
