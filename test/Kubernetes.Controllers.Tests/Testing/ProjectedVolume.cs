// SPDX-License-Identifier: Apache-2.0

namespace Kubernetes.Controllers.Tests.Testing;

/// <summary>A file in a volume as the kubelet projects it: a link that stays, to a directory link that is swapped.</summary>
public sealed class ProjectedVolume : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("volume").FullName;
    private readonly string _name;
    private int _version;

    public ProjectedVolume(string name, string content)
    {
        _name = name;
        Replace(content);
        System.IO.File.CreateSymbolicLink(File, Path.Combine("..data", name));
    }

    public string File => Path.Combine(_directory, _name);

    public void Replace(string content)
    {
        var target = $"..{++_version}";
        Directory.CreateDirectory(Path.Combine(_directory, target));
        System.IO.File.WriteAllText(Path.Combine(_directory, target, _name), content);
        var data = Path.Combine(_directory, "..data");
        if (_version > 1)
        {
            Directory.Delete(data);
        }

        Directory.CreateSymbolicLink(data, target);
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);
}
