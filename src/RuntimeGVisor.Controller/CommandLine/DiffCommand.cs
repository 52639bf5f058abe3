// SPDX-License-Identifier: Apache-2.0

using System.Collections.Immutable;
using System.CommandLine;
using System.Text.Json;
using Gardener.Extensions.Api;
using Gardener.Extensions.Operations;
using Kubernetes.Controllers.Client;
using Kubernetes.Controllers.Events;
using Microsoft.Extensions.Logging.Abstractions;
using RuntimeGVisor.Controller.ContainerRuntimes;
using RuntimeGVisor.Controller.Diff;

namespace RuntimeGVisor.Controller.CommandLine;

/// <summary><c>diff</c>: what a change brings about in a shoot and on its nodes, before it is made.</summary>
internal static class DiffCommand
{
    private const int Same = 0;
    private const int Different = 1;
    private const int Failed = 2;

    public static Command Create()
    {
        var files = new Argument<string[]>("files")
        {
            Description = "Two files with a ContainerRuntime, before and after; or one, which is compared with what its shoot has now.",
            Arity = new ArgumentArity(1, 2),
        };
        var kubeconfig = Flags.Text(
            "--kubeconfig", "Kubeconfig of the seed, for one file. Without it: the variable KUBECONFIG, then the pod's ServiceAccount, then ~/.kube/config.");
        var rendering = new RenderingFlags();
        var command = new Command(
            "diff", "Tell which objects of the shoot change, whether pods roll and containerd restarts, and why. Exit code 0: nothing, 1: something, 2: error.")
        {
            files, kubeconfig,
        };
        rendering.AddTo(command);
        command.SetAction((result, cancellationToken) => RunAsync(
            result.GetValue(files)!,
            result.GetValue(kubeconfig),
            rendering.Read(result),
            result.InvocationConfiguration.Output,
            result.InvocationConfiguration.Error,
            cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(
        string[] files, string? kubeconfig, RenderingOptions options, TextWriter output, TextWriter error, CancellationToken cancellationToken)
    {
        try
        {
            var content = new ShootContent(
                ControllerImages.Load(options),
                PolicyFlag.Load(options.FlagPolicy, options.TestRepository),
                options.IsNodeCritical,
                NullEventRecorder.Instance,
                NullLogger<ShootContent>.Instance);
            var difference = files is [var before, var after]
                ? new ShootDifference(
                    Render(content, before, ManifestFile.ReadContainerRuntime(before), shoot: null),
                    Render(content, after, ManifestFile.ReadContainerRuntime(after), shoot: null))
                : await CompareWithLiveAsync(content, files[0], kubeconfig, cancellationToken);
            Print(difference, output);
            return difference.IsEmpty ? Same : Different;
        }
        catch (Exception exception) when (exception is CommandLineException or ConfigurationException or ApiException or HttpRequestException
            or TimeoutException or FormatException or JsonException)
        {
            await error.WriteLineAsync($"error: {exception.Message}");
            return Failed;
        }
    }

    private static async Task<ShootDifference> CompareWithLiveAsync(
        ShootContent content, string file, string? kubeconfig, CancellationToken cancellationToken)
    {
        var value = ManifestFile.ReadContainerRuntime(file);
        using var api = new ApiClient(ApiClientConfiguration.Load(kubeconfig), TimeProvider.System);
        var cluster = await api.FindAsync(GardenerResources.Clusters, new ObjectKey("", value.Metadata.NamespaceProperty), cancellationToken);
        return new ShootDifference(await LiveObjects.ReadAsync(api, value, cancellationToken), Render(content, file, value, cluster?.Spec.Shoot));
    }

    private static ImmutableSortedDictionary<string, ShootObject> Render(
        ShootContent content, string file, ContainerRuntime value, ClusterShoot? shoot)
    {
        try
        {
            return ShootObject.Read([.. ShootContent.Shared(value).Data.Values, .. content.Installation(value, shoot).Data.Values]);
        }
        catch (CodedException exception)
        {
            throw new CommandLineException($"{file}: {exception.Message}", exception);
        }
    }

    private static void Print(ShootDifference difference, TextWriter output)
    {
        var colors = TerminalColors.For(output);
        foreach (var (name, diff) in difference.Objects)
        {
            output.WriteLine(colors.Bold(name));
            foreach (var line in diff.Split('\n'))
            {
                output.WriteLine(line switch
                {
                    ['+', ..] => colors.Green(line),
                    ['-', ..] => colors.Red(line),
                    ['@', ..] => colors.Cyan(line),
                    _ => line,
                });
            }
        }

        foreach (var consequence in difference.Consequences)
        {
            output.WriteLine(consequence);
        }
    }
}
