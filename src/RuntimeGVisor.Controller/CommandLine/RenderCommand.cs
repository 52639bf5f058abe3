// SPDX-License-Identifier: Apache-2.0

using System.CommandLine;
using Gardener.Extensions.Api;
using Gardener.Extensions.ManagedResources;
using Gardener.Extensions.Operations;
using Kubernetes.Controllers.Events;
using Microsoft.Extensions.Logging.Abstractions;
using RuntimeGVisor.Controller.ContainerRuntimes;
using RuntimeGVisor.ProviderConfiguration;
using RuntimeGVisor.Validation;

namespace RuntimeGVisor.Controller.CommandLine;

/// <summary><c>render</c>: what a shoot would get for a ContainerRuntime, without any cluster.</summary>
internal static class RenderCommand
{
    public static Command Create()
    {
        var file = new Option<string>("--filename", "-f")
        {
            Description = "File with the ContainerRuntime, YAML or JSON.",
            Required = true,
        };
        var cluster = new Option<string?>("--cluster") { Description = "File with the shoot's Cluster, YAML or JSON; tells what the controller would do." };
        var rendering = new RenderingFlags();
        var command = new Command("render", "Print what the shoot would get for a ContainerRuntime, with no cluster at hand.") { file, cluster };
        rendering.AddTo(command);
        command.SetAction(result => Run(
            result.GetValue(file)!,
            result.GetValue(cluster),
            rendering.Read(result),
            result.InvocationConfiguration.Output,
            result.InvocationConfiguration.Error));
        return command;
    }

    private static int Run(string file, string? clusterFile, RenderingOptions options, TextWriter output, TextWriter error)
    {
        try
        {
            var value = ManifestFile.ReadContainerRuntime(file);
            var policy = PolicyFlag.Load(options.FlagPolicy, options.TestRepository);
            var content = new ShootContent(
                ControllerImages.Load(options), policy, options.IsNodeCritical, NullEventRecorder.Instance, NullLogger<ShootContent>.Instance);
            var cluster = clusterFile is null ? null : ManifestFile.ReadCluster(clusterFile);
            var contents = (ManagedResourceContent[])[ShootContent.Shared(value), content.Installation(value, cluster?.Spec.Shoot)];

            foreach (var note in Notes(value, cluster, policy))
            {
                error.WriteLine($"note: {note}");
            }

            foreach (var managedResource in contents)
            {
                output.WriteLine($"# ManagedResource {managedResource.Key}");
                foreach (var data in managedResource.Data.Values)
                {
                    output.Write(System.Text.Encoding.UTF8.GetString(data.Span));
                }
            }

            return 0;
        }
        catch (Exception exception) when (exception is CommandLineException or CodedException)
        {
            error.WriteLine(exception is CodedException ? $"error: {file}: {exception.Message}" : $"error: {exception.Message}");
            return 1;
        }
    }

    private static IEnumerable<string> Notes(ContainerRuntime value, Cluster? cluster, FlagPolicy policy)
    {
        var configuration = GVisorConfigurationDecoder.Decode(value.Spec.ProviderConfig);
        if (configuration.HasAliasApiVersion)
        {
            yield return $"spec.providerConfig.apiVersion: {GVisorConfiguration.AliasApiVersion} is an alias of {GVisorConfiguration.ApiVersion}";
        }

        foreach (var flag in policy.Select(configuration.ConfigFlags).Ignored)
        {
            yield return $"spec.providerConfig.configFlags.{flag.Name}: '{flag.Value}' is ignored: {flag.Reason}";
        }

        switch (cluster?.Spec.Shoot)
        {
            case null when cluster is not null:
                yield return "the Cluster has no spec.shoot: the controller would report an error and write nothing";
                break;
            case { HasFailed: true }:
                yield return "the shoot has failed: the controller would leave the object alone until the shoot's next operation";
                break;
            case { IsHibernated: true }:
                yield return "the shoot is hibernated: its nodes get this when it wakes up";
                break;
        }
    }
}
