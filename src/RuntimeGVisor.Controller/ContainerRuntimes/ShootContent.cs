// SPDX-License-Identifier: Apache-2.0

using System.Collections.Immutable;
using System.Text;
using Gardener.Extensions.Api;
using Gardener.Extensions.Images;
using Gardener.Extensions.ManagedResources;
using Gardener.Extensions.Operations;
using Kubernetes.Controllers.Client;
using Kubernetes.Controllers.Events;
using RuntimeGVisor.Images;
using RuntimeGVisor.NodeConfiguration;
using RuntimeGVisor.ProviderConfiguration;
using RuntimeGVisor.Shoot;
using RuntimeGVisor.Validation;

namespace RuntimeGVisor.Controller.ContainerRuntimes;

/// <summary>Renders what a ContainerRuntime brings to its shoot, packed for the ManagedResources.</summary>
internal sealed partial class ShootContent(
    InstallationImage image, FlagPolicy policy, bool isNodeCritical, IEventRecorder events, ILogger<ShootContent> logger)
{
    private const string DataKey = "config.yaml";
    private const int MaxShownFlags = 20;
    private const string DeniedTag = "the operator's policy denies testImageTag";

    private static readonly ImmutableSortedDictionary<string, ReadOnlyMemory<byte>> SharedData = Data(ShootObjects.Shared());

    /// <summary>What all pools of a shoot share.</summary>
    public static ManagedResourceContent Shared(ContainerRuntime value) => new()
    {
        Key = ManagedResourceNames.Shared(value),
        Origin = ManagedResourceNames.Origin,
        Data = SharedData,
    };

    /// <summary>The node installer of the object's worker pool.</summary>
    /// <param name="value">The object.</param>
    /// <param name="shoot">Its shoot; null where that is not known.</param>
    /// <exception cref="CodedException">The object asks for something that cannot be rendered.</exception>
    public ManagedResourceContent Installation(ContainerRuntime value, ClusterShoot? shoot)
    {
        var configuration = Decode(value);
        var flags = policy.Select(configuration.ConfigFlags);
        Warn(value, configuration, flags);
        var pool = PoolOf(value, shoot);
        return Pack(value, start: null, new WorkerPoolInput
        {
            PoolName = value.Spec.WorkerPool.Name,
            BinaryPath = value.Spec.BinaryPath,
            Selector = value.Spec.WorkerPool.Selector,
            PoolMaximum = pool.Maximum,
            Image = ImageOf(value, configuration, pool),
            RunscFlags = flags.Lines,
            IsCriticalForNode = isNodeCritical,
        });
    }

    /// <summary>The same installer, told to take everything away. A wrong configuration does not matter any more.</summary>
    /// <param name="value">The object.</param>
    /// <param name="shoot">Its shoot; null where that is not known.</param>
    /// <param name="start">When the nodes were first asked.</param>
    /// <exception cref="CodedException">The object names a pool that cannot be rendered.</exception>
    public ManagedResourceContent Uninstallation(ContainerRuntime value, ClusterShoot? shoot, DateTimeOffset start)
    {
        GVisorConfiguration configuration;
        try
        {
            configuration = Decode(value);
        }
        catch (CodedException)
        {
            configuration = GVisorConfiguration.Empty;
        }

        return Pack(value, start, new WorkerPoolInput
        {
            PoolName = value.Spec.WorkerPool.Name,
            BinaryPath = value.Spec.BinaryPath,
            Selector = value.Spec.WorkerPool.Selector,
            Image = ImageOf(value, configuration, PoolOf(value, shoot)),
            DesiredState = DesiredState.Uninstalled,
        });
    }

    private static ClusterWorkerPool PoolOf(ContainerRuntime value, ClusterShoot? shoot) =>
        shoot?.WorkerPools.GetValueOrDefault(value.Spec.WorkerPool.Name ?? "") ?? new();

    private string ImageOf(ContainerRuntime value, GVisorConfiguration configuration, ClusterWorkerPool pool)
    {
        try
        {
            return image.For(policy.TestImageTag == FlagRule.Deny ? configuration with { TestImageTag = null } : configuration, pool.Architecture);
        }
        catch (ImageVectorException exception)
        {
            // The operator's image vector, not the shoot's owner: no code that would blame the owner.
            throw new CodedException($"worker pool '{value.Spec.WorkerPool.Name}': {exception.Message}", [], exception);
        }
    }

    private static GVisorConfiguration Decode(ContainerRuntime value)
    {
        try
        {
            return GVisorConfigurationDecoder.Decode(value.Spec.ProviderConfig);
        }
        catch (ProviderConfigurationException exception)
        {
            throw new CodedException(exception.Message, [ErrorCode.ConfigurationProblem], exception);
        }
    }

    private static ManagedResourceContent Pack(ContainerRuntime value, DateTimeOffset? start, WorkerPoolInput pool)
    {
        try
        {
            var data = Data(ShootObjects.ForWorkerPool(pool));
            return new ManagedResourceContent
            {
                Key = ManagedResourceNames.Installation(value)!.Value,
                Origin = ManagedResourceNames.Origin,
                Data = data,
                Annotations = ImmutableSortedDictionary<string, string?>.Empty
                    .Add(UninstallationTime.StartedAnnotation, start is { } time ? UninstallationTime.Format(time) : null),
            };
        }
        catch (ContainerRuntimeSpecException exception)
        {
            // gardenlet writes these fields, not the shoot's owner: no code that would blame the owner.
            throw new CodedException(exception.Message, [], exception);
        }
    }

    private static ImmutableSortedDictionary<string, ReadOnlyMemory<byte>> Data(ShootObjects objects) =>
        ImmutableSortedDictionary<string, ReadOnlyMemory<byte>>.Empty.Add(DataKey, Encoding.UTF8.GetBytes(objects.ToYaml()));

    /// <summary>Gardener expects that a wrong flag is left out rather than refused; somebody should know nevertheless.</summary>
    private void Warn(ContainerRuntime value, GVisorConfiguration configuration, RunscFlagSelection flags)
    {
        if (configuration.HasAliasApiVersion)
        {
            LogAlias(logger, value.Key(), GVisorConfiguration.AliasApiVersion, GVisorConfiguration.ApiVersion);
            events.Record(
                value,
                EventType.Warning,
                "DeprecatedApiVersion",
                $"spec.providerConfig.apiVersion: {GVisorConfiguration.AliasApiVersion} is an alias; use {GVisorConfiguration.ApiVersion}");
        }

        if (configuration.TestImageTag is { } tag && policy.TestImageTag == FlagRule.Deny)
        {
            LogIgnored(logger, value.Key(), "testImageTag", tag, DeniedTag);
            events.Record(value, EventType.Warning, "TestImageTagIgnored", $"spec.providerConfig.testImageTag: ignored '{tag}': {DeniedTag}");
        }

        // The owner of a shoot can write a hundred thousand of them.
        var shown = flags.Ignored.Take(MaxShownFlags).ToList();
        foreach (var flag in shown)
        {
            LogIgnored(logger, value.Key(), flag.Name, flag.Value, flag.Reason);
        }

        if (shown.Count > 0)
        {
            var names = string.Join(", ", shown.Select(flag => $"{flag.Name} with value '{flag.Value}'"));
            var reasons = string.Join("; ", shown.Select(flag => flag.Reason).Distinct());
            events.Record(value, EventType.Warning, "FlagsIgnored", $"spec.providerConfig.configFlags: ignored {names}: {reasons}");
        }
    }

    [LoggerMessage(LogLevel.Information, "The provider config of {Object} uses the alias {Alias}; its name is {ApiVersion}")]
    private static partial void LogAlias(ILogger logger, ObjectKey @object, string alias, string apiVersion);

    [LoggerMessage(LogLevel.Information, "Flag {Flag} of {Object} with value {Value} is ignored: {Reason}")]
    private static partial void LogIgnored(ILogger logger, ObjectKey @object, string flag, string value, string reason);
}
