// SPDX-License-Identifier: Apache-2.0

using System.Globalization;

namespace Kubernetes.Controllers.Serialization;

/// <summary>Text form of Kubernetes' <c>MicroTime</c>, for patches.</summary>
public static class MicroTime
{
    internal const string Format = "yyyy-MM-dd'T'HH:mm:ss'.'ffffff'Z'";

    /// <summary><paramref name="value"/> in UTC with exactly six fractional digits.</summary>
    public static string ToText(DateTimeOffset value) => value.UtcDateTime.ToString(Format, CultureInfo.InvariantCulture);
}
