// SPDX-License-Identifier: Apache-2.0

using System.Net.Sockets;
using RuntimeGVisor.NodeInstaller.Files;

namespace RuntimeGVisor.NodeInstaller.Systemd;

/// <summary>What systemd says of a service.</summary>
/// <param name="ActiveState">Such as <c>active</c> or <c>activating</c>.</param>
/// <param name="SubState">Such as <c>running</c> or <c>auto-restart</c>.</param>
/// <param name="InvocationId">Another one after every start; empty when the service does not run.</param>
/// <param name="Command">Program and arguments that the service runs.</param>
internal sealed record ServiceStatus(string ActiveState, string SubState, string InvocationId, IReadOnlyList<string> Command);

/// <summary>systemd over the system bus: no chroot, no shell, no systemctl, and no other privilege than being root.</summary>
internal sealed class SystemdManager(string busSocket, KillPoint killPoint, TimeProvider time)
{
    /// <summary>The result of a job that has not ended in time and goes on.</summary>
    public const string Unfinished = "unfinished";

    private const string BusName = "org.freedesktop.systemd1";
    private const string ManagerPath = "/org/freedesktop/systemd1";
    private const string ManagerInterface = "org.freedesktop.systemd1.Manager";
    private const string UnitInterface = "org.freedesktop.systemd1.Unit";
    private const string ServiceInterface = "org.freedesktop.systemd1.Service";
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Asks for a service's state.</summary>
    /// <exception cref="SystemdException">systemd cannot be reached or does not know the service.</exception>
    public Task<ServiceStatus> GetServiceAsync(string unit, CancellationToken cancellationToken) =>
        WithConnectionAsync(
            async bus =>
            {
                var path = (string)(await bus.CallAsync(BusName, ManagerPath, ManagerInterface, "LoadUnit", "s", [unit], cancellationToken))[0];
                var loadState = await GetAsync<string>(UnitInterface, "LoadState");
                if (loadState != "loaded")
                {
                    throw new SystemdException($"systemd has no usable unit {unit} (it says {loadState})");
                }

                // ExecStart is a list of (path, arguments, ignore failure, …); a service has one of them.
                var commands = await GetAsync<IReadOnlyList<object>>(ServiceInterface, "ExecStart");
                var command = commands is [IReadOnlyList<object> { Count: > 1 } first, ..] ? first : null;
                return new ServiceStatus(
                    await GetAsync<string>(UnitInterface, "ActiveState"),
                    await GetAsync<string>(UnitInterface, "SubState"),
                    Convert.ToHexStringLower([.. (await GetAsync<IReadOnlyList<object>>(UnitInterface, "InvocationID")).Cast<byte>()]),
                    command is null ? [] : [(string)command[0], .. ((IReadOnlyList<object>)command[1]).Cast<string>().Skip(1)]);

                async Task<T> GetAsync<T>(string @interface, string property) =>
                    (T)(await bus.CallAsync(
                        BusName, path, "org.freedesktop.DBus.Properties", "Get", "ss", [@interface, property], cancellationToken))[0];
            },
            cancellationToken);

    /// <summary>Restarts a service and waits for the end of the job.</summary>
    /// <returns>
    /// The job's result: <c>done</c>, or why not (<c>failed</c>, <c>timeout</c>, <c>canceled</c>, <c>dependency</c>); <see cref="Unfinished"/> when
    /// there is none yet.
    /// </returns>
    /// <exception cref="SystemdException">systemd cannot be reached or refuses.</exception>
    public Task<string> RestartAsync(string unit, TimeSpan timeout, CancellationToken cancellationToken) =>
        RunJobAsync("RestartUnit", "ss", [unit, "replace"], timeout, cancellationToken);

    /// <summary>Runs a program of the node once, as a unit of its own, and waits for its end.</summary>
    /// <param name="command">Path and arguments.</param>
    /// <param name="outputFile">A file that does not exist yet, for what the program prints.</param>
    /// <param name="errorFile">A file that does not exist yet, for what it complains about.</param>
    /// <param name="timeout">How long it may take.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>Whether the program ended with exit code 0.</returns>
    /// <exception cref="SystemdException">systemd cannot be reached or refuses.</exception>
    public async Task<bool> RunAsync(
        IReadOnlyList<string> command, string outputFile, string errorFile, TimeSpan timeout, CancellationToken cancellationToken)
    {
        object[] properties =
        [
            Property("Description", "s", "gvisor-node-installer: check"),
            Property("Type", "s", "oneshot"),
            Property("ExecStart", "a(sasb)", new object[] { new object[] { command[0], command.ToArray<object>(), false } }),
            Property("StandardOutputFile", "s", outputFile),
            Property("StandardErrorFile", "s", errorFile),
            Property("TimeoutStartUSec", "t", (ulong)timeout.TotalMicroseconds),
            Property("CollectMode", "s", "inactive-or-failed"),
        ];
        object[] arguments = [$"gvisor-node-installer-{Guid.NewGuid():N}.service", "fail", properties, Array.Empty<object>()];
        return await RunJobAsync("StartTransientUnit", "ssa(sv)a(sa(sv))", arguments, timeout + TimeSpan.FromSeconds(5), cancellationToken) == "done";

        static object[] Property(string name, string signature, object value) => [name, new DBusVariant(signature, value)];
    }

    private Task<string> RunJobAsync(
        string method, string signature, IReadOnlyList<object> arguments, TimeSpan timeout, CancellationToken cancellationToken) =>
        WithConnectionAsync(
            async bus =>
            {
                await bus.AddMatchAsync($"type='signal',sender='{BusName}',interface='{ManagerInterface}',member='JobRemoved'", cancellationToken);
                await bus.CallAsync(BusName, ManagerPath, ManagerInterface, "Subscribe", "", [], cancellationToken);
                var job = (string)(await bus.CallAsync(
                    BusName, ManagerPath, ManagerInterface, method, signature, arguments, cancellationToken))[0];
                killPoint.Passed();

                using var deadline = new CancellationTokenSource(timeout, time);
                using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
                try
                {
                    while (true)
                    {
                        // JobRemoved carries the job's number, its path, the unit and the result.
                        var signal = await bus.NextSignalAsync(either.Token);
                        if (signal is { Member: "JobRemoved", Body: [_, string path, _, string result] } && path == job)
                        {
                            killPoint.Passed();
                            return result;
                        }
                    }
                }
                catch (OperationCanceledException) when (deadline.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
                {
                    return Unfinished;
                }
            },
            cancellationToken);

    private async Task<T> WithConnectionAsync<T>(Func<DBusConnection, Task<T>> use, CancellationToken cancellationToken)
    {
        try
        {
            using var bus = await DBusConnection.ConnectAsync(busSocket, AnswerTimeout, time, cancellationToken);
            return await use(bus);
        }
        catch (Exception exception) when (exception is SocketException or IOException or InvalidDataException)
        {
            throw new SystemdException($"systemd cannot be reached over the bus {busSocket}: {exception.Message}", exception);
        }
        catch (DBusException exception)
        {
            throw new SystemdException($"systemd refuses: {exception.Message}", exception);
        }
    }
}

/// <summary>systemd cannot be reached or refuses.</summary>
internal sealed class SystemdException(string message, Exception? cause = null) : Exception(message, cause);
