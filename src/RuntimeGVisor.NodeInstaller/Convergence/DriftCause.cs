// SPDX-License-Identifier: Apache-2.0

namespace RuntimeGVisor.NodeInstaller.Convergence;

/// <summary>What somebody changed about a verified installation. The names are label values of a metric.</summary>
internal enum DriftCause
{
    /// <summary>containerd's configuration was written again without the handler, as gardener-node-agent does when it read it too early.</summary>
    HandlerLost,

    /// <summary>The handler's entry was changed.</summary>
    HandlerChanged,

    /// <summary>The entry of the default runtime was removed.</summary>
    DefaultRuntimeLost,

    /// <summary>A file of the release is missing or damaged.</summary>
    ReleaseDamaged,

    /// <summary>A name in the binary directory is missing or leads elsewhere.</summary>
    LinkChanged,

    /// <summary>runsc's configuration is missing or changed.</summary>
    RunscConfigurationChanged,

    /// <summary>containerd serves something else than its configuration says.</summary>
    HandlerNotServed,
}
