// SPDX-License-Identifier: Apache-2.0

namespace RuntimeGVisor.NodeConfiguration;

/// <summary>The worst that a flag's values other than its default can do.</summary>
public enum RunscFlagRisk
{
    /// <summary>Nothing beyond the sandbox itself.</summary>
    None,

    /// <summary>The sandbox is slower, or uses more of the node's memory or disk.</summary>
    Cost,

    /// <summary>The sandbox reaches more of the node's kernel, devices or network.</summary>
    Exposure,
}
