// SPDX-License-Identifier: Apache-2.0

using System.Reflection;
using Gardener.Extensions.Operations;
using Hosting;
using Kubernetes.Controllers.Client;
using PublicApiGenerator;

namespace Architecture.Tests;

/// <summary>What the packages offer is written down beside them, so that a review sees each change that others have to follow.</summary>
public sealed class PublicApiTests
{
    private static readonly ApiGeneratorOptions Options = new() { IncludeAssemblyAttributes = false };

    public static TheoryData<string, Assembly> Libraries() => new()
    {
        { "Hosting", typeof(ShutdownSignal).Assembly },
        { "Kubernetes.Controllers", typeof(ApiClient).Assembly },
        { "Gardener.Extensions", typeof(OperationTrigger).Assembly },
    };

    [Theory]
    [MemberData(nameof(Libraries), DisableDiscoveryEnumeration = true)]
    public void A_library_offers_what_its_PublicApi_file_says(string name, Assembly library)
    {
        var file = Repository.PathOf($"src/{name}/PublicApi.txt");
        var offered = library.GeneratePublicApi(Options) + "\n";
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
        {
            File.WriteAllText(file, offered);
        }

        offered.Should().Be(File.ReadAllText(file), $"that is what src/{name}/PublicApi.txt says; UPDATE_GOLDEN=1 writes it anew");
    }
}
