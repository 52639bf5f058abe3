// SPDX-License-Identifier: Apache-2.0

namespace RuntimeGVisor.Controller.CommandLine;

/// <summary>What the user gave cannot be used; the message names file, field, value and what is allowed.</summary>
internal sealed class CommandLineException(string message, Exception? innerException = null) : Exception(message, innerException);
