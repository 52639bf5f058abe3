// SPDX-License-Identifier: Apache-2.0

using NetArchTest.Rules;
using RuntimeGVisor.NodeInstaller.CommandLine;

namespace Architecture.Tests;

/// <summary>The node installer is made of layers, and each uses only those before it.</summary>
public sealed class InstallerLayerTests
{
    private const string Root = "RuntimeGVisor.NodeInstaller";

    private static readonly string[] Layers = ["Files", "Systemd", "Containerd", "Releases", "Convergence", "Endpoints", "CommandLine"];

    public static TheoryData<string> LayersWithOthersAbove() => [.. Layers.SkipLast(1)];

    [Theory]
    [MemberData(nameof(LayersWithOthersAbove))]
    public void A_layer_uses_only_those_before_it(string layer)
    {
        var above = Layers.SkipWhile(other => other != layer).Skip(1).Select(other => $"{Root}.{other}").ToArray();

        var result = Types.InAssembly(typeof(InstallerCommand).Assembly)
            .That().ResideInNamespace($"{Root}.{layer}")
            .ShouldNot().HaveDependencyOnAny(above)
            .GetResult();

        (result.FailingTypeNames ?? []).Should().BeEmpty($"{layer} lies below {string.Join(", ", above)}");
    }

    [Fact]
    public void Every_type_of_the_installer_is_in_a_layer() =>
        Types.InAssembly(typeof(InstallerCommand).Assembly).GetTypes()
            .Where(type => type.Namespace?.StartsWith(Root + ".", StringComparison.Ordinal) == true)
            .Select(type => type.Namespace!.Split('.')[2])
            .Distinct()
            .Should().BeSubsetOf(Layers);
}
