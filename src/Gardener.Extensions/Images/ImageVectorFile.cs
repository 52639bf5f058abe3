// SPDX-License-Identifier: Apache-2.0

using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Gardener.Extensions.Images;

/// <summary>Reads image vectors from YAML or JSON and checks them. Fields that the format does not have are ignored.</summary>
public static class ImageVectorFile
{
    /// <summary>Environment variable with the path of a file whose entries override the program's own.</summary>
    public const string OverrideVariable = "IMAGEVECTOR_OVERWRITE";

    private const string ConstraintRule = "a constraint on versions such as \">= 1.31, < 1.33\"";

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file's path.</param>
    /// <param name="time">Tells whether certificates have expired.</param>
    /// <exception cref="ImageVectorException">The file cannot be read or is wrong.</exception>
    public static ImageVector ReadFile(string path, TimeProvider time)
    {
        try
        {
            return Read(File.ReadAllText(path), path, time);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ImageVectorException($"{path}: the image vector cannot be read: {exception.Message}", exception);
        }
    }

    /// <summary>Reads an image vector.</summary>
    /// <param name="yaml">The text.</param>
    /// <param name="origin">Where the text is from, for messages.</param>
    /// <param name="time">Tells whether certificates have expired.</param>
    /// <exception cref="ImageVectorException">The text is wrong; the message names every error.</exception>
    public static ImageVector Read(string yaml, string origin, TimeProvider time)
    {
        var errors = new List<string>();
        var root = new YamlFields(Parse(yaml, origin), "", errors);
        var images = root.List("images").Select(ReadSource).ToImmutableArray();
        var caBundle = ReadCaBundle(root, time);
        return errors.Count == 0
            ? new() { Images = images, CaBundle = caBundle }
            : throw new ImageVectorException($"{origin}: the image vector is wrong: {string.Join("; ", errors)}");
    }

    private static YamlNode? Parse(string yaml, string origin)
    {
        try
        {
            var stream = new YamlStream();
            stream.Load(new StringReader(yaml));
            return stream.Documents.Count == 0 ? null : stream.Documents[0].RootNode;
        }
        catch (YamlException exception)
        {
            throw new ImageVectorException($"{origin}: the image vector is no YAML: line {exception.Start.Line}: {exception.Message}", exception);
        }
    }

    private static ImageSource ReadSource(YamlFields fields)
    {
        var source = new ImageSource
        {
            Name = fields.Text("name") ?? "",
            Ref = fields.Text("ref"),
            Repository = fields.Text("repository"),
            Tag = fields.Text("tag"),
            Version = fields.Text("version"),
            RuntimeVersion = ReadConstraint(fields, "runtimeVersion"),
            TargetVersion = ReadConstraint(fields, "targetVersion"),
            Architectures = fields.Texts("architectures"),
        };
        if (!fields.Has("name"))
        {
            fields.Reject("name", null, "is missing");
        }

        switch (source)
        {
            case { Ref: null, Repository: null }:
                fields.Reject("repository", null, "is missing; either ref or repository is needed");
                break;
            case { Ref: not null, Repository: not null }:
                fields.Reject("ref", source.Ref, "either ref or repository, not both");
                break;
            case { Ref: not null, Tag: not null }:
                fields.Reject("tag", source.Tag, "no tag beside ref");
                break;
        }

        return source;
    }

    private static VersionConstraint? ReadConstraint(YamlFields fields, string name)
    {
        if (fields.Text(name) is not { Length: > 0 } text)
        {
            return null;
        }

        if (!VersionConstraint.TryParse(text, out var constraint))
        {
            fields.Reject(name, text, ConstraintRule);
        }

        return constraint;
    }

    private static string? ReadCaBundle(YamlFields root, TimeProvider time)
    {
        if (root.Fields("caBundle") is not { } fields)
        {
            return null;
        }

        var pem = fields.Text("inline");
        if (WhyNotTrusted(pem ?? "", time) is { } reason)
        {
            fields.Reject("inline", null, $"must be certificates in PEM that have not expired: {reason}");
        }

        return pem;
    }

    private static string? WhyNotTrusted(string pem, TimeProvider time)
    {
        var certificates = new X509Certificate2Collection();
        try
        {
            certificates.ImportFromPem(pem);
            return certificates.Count == 0
                ? "there is none"
                : certificates.FirstOrDefault(certificate => certificate.NotAfter.ToUniversalTime() <= time.GetUtcNow().UtcDateTime) is { } expired
                    ? $"{expired.Subject} expired on {expired.NotAfter.ToUniversalTime():yyyy-MM-dd}"
                    : null;
        }
        catch (CryptographicException exception)
        {
            return exception.Message;
        }
        finally
        {
            foreach (var certificate in certificates)
            {
                certificate.Dispose();
            }
        }
    }
}
