// SPDX-License-Identifier: Apache-2.0

namespace Kubernetes.Controllers.Client;

/// <summary>An object from the API server that could not be decoded. The objects around it are not affected.</summary>
/// <param name="Key">The object's key; null only if its metadata have none, which no API server sends.</param>
/// <param name="Uid">The object's UID; null if it has none.</param>
/// <param name="Generation">The object's generation; null if its kind has none.</param>
/// <param name="ResourceVersion">The object's version.</param>
/// <param name="Reason">
/// What is wrong with it, as the end of a sentence: <c>it does not fit its type at $.spec.size</c>. Names a field, never a value.
/// </param>
public sealed record UndecodableObject(ObjectKey? Key, string? Uid, long? Generation, string? ResourceVersion, string Reason);
