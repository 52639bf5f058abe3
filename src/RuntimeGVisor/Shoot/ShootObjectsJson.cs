// SPDX-License-Identifier: Apache-2.0

using System.Text.Json.Serialization;
using k8s.Models;

namespace RuntimeGVisor.Shoot;

[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Serialization, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(V1ConfigMap))]
[JsonSerializable(typeof(V1DaemonSet))]
[JsonSerializable(typeof(V1RuntimeClass))]
[JsonSerializable(typeof(V1ServiceAccount))]
internal sealed partial class ShootObjectsJson : JsonSerializerContext;
