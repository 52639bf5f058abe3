// SPDX-License-Identifier: Apache-2.0

using System.CommandLine;

namespace RuntimeGVisor.Controller.CommandLine;

/// <summary>The flags that decide what a shoot gets; the controller and <c>render</c> share them.</summary>
internal sealed class RenderingFlags
{
    private const string ImageVectorVariable = "IMAGEVECTOR_OVERWRITE";

    private readonly Option<string?> _imageVectorOverwrite = new("--image-vector-overwrite")
    {
        Description = $"File with entries that override the built-in image vector. Default: the variable {ImageVectorVariable}.",
        DefaultValueFactory = _ => Environment.GetEnvironmentVariable(ImageVectorVariable),
    };

    private readonly Option<string?> _testRepository = new("--gvisor-installation-test-repository")
    {
        Description = "Development only: shoot owners may choose a tag of this image repository for their nodes.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private readonly Option<bool> _nodeCritical = new("--node-critical-component")
    {
        Description = "Keep new nodes closed to other pods until gVisor works on them.",
        DefaultValueFactory = _ => false,
    };

    public void AddTo(Command command)
    {
        command.Options.Add(_imageVectorOverwrite);
        command.Options.Add(_testRepository);
        command.Options.Add(_nodeCritical);
    }

    public RenderingOptions Read(ParseResult result) => new()
    {
        ImageVectorOverwrite = Text(result.GetValue(_imageVectorOverwrite)),
        TestRepository = Text(result.GetValue(_testRepository)),
        IsNodeCritical = result.GetValue(_nodeCritical),
    };

    private static string? Text(string? value) => string.IsNullOrEmpty(value) ? null : value;
}
