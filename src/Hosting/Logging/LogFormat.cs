// SPDX-License-Identifier: Apache-2.0

namespace Hosting.Logging;

/// <summary>What a log line looks like.</summary>
public enum LogFormat
{
    /// <summary>One JSON object with the fields <c>level</c>, <c>ts</c>, <c>logger</c>, <c>msg</c>, the message's values, and <c>error</c>.</summary>
    Json,

    /// <summary>The same for people, separated by tabs.</summary>
    Text,
}
