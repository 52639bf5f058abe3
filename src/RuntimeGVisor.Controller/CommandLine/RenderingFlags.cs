// SPDX-License-Identifier: Apache-2.0

using System.CommandLine;
using Gardener.Extensions.Images;

namespace RuntimeGVisor.Controller.CommandLine;

/// <summary>The flags that decide what a shoot gets; the controller and <c>render</c> share them.</summary>
internal sealed class RenderingFlags
{
    private readonly Option<string?> _imageVectorOverwrite = Flags.Text(
        "--image-vector-overwrite",
        $"File with entries that override the built-in image vector. Default: the variable {ImageVectorFile.OverrideVariable}.",
        Flags.Variable(ImageVectorFile.OverrideVariable));

    private readonly Option<string?> _testRepository = Flags.Text(
        "--gvisor-installation-test-repository",
        "Development only: shoot owners may choose a tag of this image repository, which then runs as root on their nodes.");

    private readonly Option<string> _nodeCritical = Flags.Switch(
        "--node-critical-component", "Keep new nodes closed to other pods until gVisor works on them.", otherwise: false);

    private readonly PolicyFlag _policy = new();

    public void AddTo(Command command)
    {
        command.Options.Add(_imageVectorOverwrite);
        command.Options.Add(_testRepository);
        command.Options.Add(_nodeCritical);
        command.Options.Add(_policy.Option);
    }

    public RenderingOptions Read(ParseResult result) => new()
    {
        ImageVectorOverwrite = result.GetValue(_imageVectorOverwrite),
        TestRepository = result.GetValue(_testRepository),
        IsNodeCritical = result.IsOn(_nodeCritical),
        FlagPolicy = _policy.Read(result),
    };
}
