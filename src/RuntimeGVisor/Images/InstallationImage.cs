// SPDX-License-Identifier: Apache-2.0

using Gardener.Extensions.Images;
using RuntimeGVisor.ProviderConfiguration;

namespace RuntimeGVisor.Images;

/// <summary>Chooses the image of the node installer. (Gardener contract 5.6.)</summary>
public sealed class InstallationImage
{
    /// <summary>Name of the image in the vector; operators override it by this name.</summary>
    public const string Name = "runtime-gvisor-installation";

    private const string EmbeddedVector = "RuntimeGVisor.Images.images.yaml";

    private const string DefaultArchitecture = "amd64";

    private readonly ImageVector _vector;
    private readonly string _buildVersion;
    private readonly string? _testRepository;

    /// <summary>Chooses images by a vector.</summary>
    /// <param name="vector">The vector, with the operator's overrides.</param>
    /// <param name="buildVersion">This program's version: the tag of entries that have none.</param>
    /// <param name="testRepository">
    /// A repository from which owners of shoots may pick any tag; null or empty for none. For development only: the image runs as root on nodes.
    /// </param>
    /// <exception cref="ImageVectorException">The vector has no such image.</exception>
    public InstallationImage(ImageVector vector, string buildVersion, string? testRepository = null)
    {
        if (vector.Images.All(source => source.Name != Name))
        {
            throw new ImageVectorException($"the image vector has no image \"{Name}\"; imageVectorOverwrite may name one");
        }

        _vector = vector;
        _buildVersion = buildVersion;
        _testRepository = string.IsNullOrEmpty(testRepository) ? null : testRepository;
    }

    /// <summary>Reads the vector that is part of this assembly.</summary>
    /// <param name="time">Tells whether certificates have expired.</param>
    public static ImageVector ReadEmbeddedVector(TimeProvider time)
    {
        using var stream = typeof(InstallationImage).Assembly.GetManifestResourceStream(EmbeddedVector)!;
        using var reader = new StreamReader(stream);
        return ImageVectorFile.Read(reader.ReadToEnd(), "images.yaml", time);
    }

    /// <summary>The image for a worker pool: a tag of the test repository if both sides ask for it, else the vector's image.</summary>
    /// <param name="configuration">What the owner of the shoot asked for.</param>
    /// <param name="architecture">The architecture of the pool's machines; null for Gardener's default, <c>amd64</c>.</param>
    /// <exception cref="ImageVectorException">The vector has images for other architectures only.</exception>
    public string For(GVisorConfiguration configuration, string? architecture = null) =>
        (_testRepository, configuration.TestImageTag) is ({ } repository, { } tag)
            ? $"{repository}:{tag}"
            : _vector.Find(Name, architecture: architecture ?? DefaultArchitecture).WithDefaultTag(_buildVersion).ToString();
}
