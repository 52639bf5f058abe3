// SPDX-License-Identifier: Apache-2.0

using Gardener.Extensions.Images;
using Hosting;
using RuntimeGVisor.Images;

namespace RuntimeGVisor.Controller.CommandLine;

/// <summary>Chooses the image of the node installer: the built-in vector, the operator's override, this program's version.</summary>
internal static class ControllerImages
{
    /// <exception cref="CommandLineException">The override is broken or the vector lacks the image.</exception>
    public static InstallationImage Load(RenderingOptions options)
    {
        try
        {
            var vector = InstallationImage.ReadEmbeddedVector(TimeProvider.System);
            if (options.ImageVectorOverwrite is { } path)
            {
                vector = vector.OverriddenBy(ImageVectorFile.ReadFile(path, TimeProvider.System));
            }

            return new InstallationImage(vector, BuildVersion.ImageTag, options.TestRepository);
        }
        catch (ImageVectorException exception)
        {
            throw new CommandLineException(exception.Message, exception);
        }
    }
}
