// SPDX-License-Identifier: Apache-2.0

using System.Text.Json.Serialization;
using k8s.Models;

namespace Kubernetes.Controllers.Serialization;

/// <summary>
/// What the machinery itself reads and writes. Always used as <c>Default</c>: chained into other options, theirs would win.
/// </summary>
[JsonSourceGenerationOptions(
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters = [typeof(MicroTimeConverter), typeof(ManagedFieldsConverter)])]
[JsonSerializable(typeof(V1Lease))]
[JsonSerializable(typeof(Corev1Event))]
[JsonSerializable(typeof(ServerStatus))]
[JsonSerializable(typeof(ListHead))]
internal sealed partial class KubernetesJsonContext : JsonSerializerContext;
