// SPDX-License-Identifier: Apache-2.0

namespace Gardener.Extensions.Images;

/// <summary>An image vector is wrong or lacks an image. A program should end with this message when it starts.</summary>
/// <param name="message">The message; names the file, the entry, the field, the value and what is allowed.</param>
/// <param name="innerException">The cause.</param>
public sealed class ImageVectorException(string message, Exception? innerException = null) : Exception(message, innerException);
