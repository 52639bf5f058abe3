// SPDX-License-Identifier: Apache-2.0

using System.Threading.Channels;
using Tmds.DBus.Protocol;

namespace RuntimeGVisor.NodeInstaller.Systemd;

/// <summary>
/// systemd over the system bus: no chroot, no shell, no systemctl, and no other privilege than being root. Every call has a time limit, and
/// every answer is checked for its types before it is read.
/// </summary>
internal sealed class SystemdClient(string busSocket, TimeProvider time)
{
    /// <summary>The result of a job that has not ended in time and goes on.</summary>
    public const string Unfinished = "unfinished";

    private const string BusName = "org.freedesktop.systemd1";
    private const string ManagerPath = "/org/freedesktop/systemd1";
    private const string ManagerInterface = "org.freedesktop.systemd1.Manager";
    private const string UnitInterface = "org.freedesktop.systemd1.Unit";
    private const string ServiceInterface = "org.freedesktop.systemd1.Service";

    // (path, arguments, whether a failure is ignored, four times, process, code, status) of each command.
    private const string CommandsSignature = "a(sasbttttuii)";

    private delegate T BodyReader<out T>(ref Reader body);

    /// <summary>How long the bus and each call may take to answer.</summary>
    public TimeSpan AnswerTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Asks for a service's state.</summary>
    /// <exception cref="SystemdException">systemd cannot be reached or does not know the service.</exception>
    public Task<ServiceStatus> GetServiceAsync(string unit, CancellationToken cancellationToken) =>
        WithConnectionAsync(
            async bus =>
            {
                var path = await CallAsync(bus, UnitCall(bus, "LoadUnit", unit), "o", static (ref body) => body.ReadObjectPathAsString(), cancellationToken);
                var loadState = await GetTextAsync(UnitInterface, "LoadState");
                if (loadState != "loaded")
                {
                    throw new SystemdException($"systemd has no usable unit {unit} (it says {loadState})");
                }

                var activeState = GetTextAsync(UnitInterface, "ActiveState");
                var subState = GetTextAsync(UnitInterface, "SubState");
                var result = GetTextAsync(ServiceInterface, "Result");
                var invocation = GetAsync(UnitInterface, "InvocationID", "ay", static (ref body) => body.ReadArrayOfByte());
                var mainPid = GetAsync(ServiceInterface, "MainPID", "u", static (ref body) => body.ReadUInt32());
                var activeSince = GetAsync(UnitInterface, "ActiveEnterTimestamp", "t", static (ref body) => body.ReadUInt64());
                var job = GetAsync(UnitInterface, "Job", "(uo)", static (ref body) => body.ReadUInt32());
                var command = GetAsync(ServiceInterface, "ExecStart", CommandsSignature, ReadFirstCommand);
                await Task.WhenAll(activeState, subState, result, invocation, mainPid, activeSince, job, command);
                return new ServiceStatus
                {
                    ActiveState = await activeState,
                    SubState = await subState,
                    Result = await result,
                    InvocationId = Convert.ToHexStringLower(await invocation),
                    MainPid = await mainPid,
                    ActiveSince = ToTime(await activeSince),
                    Job = await job is > 0 and var number ? number : null,
                    Command = await command,
                };

                Task<string> GetTextAsync(string @interface, string property) =>
                    GetAsync(@interface, property, "s", static (ref body) => body.ReadString());

                Task<T> GetAsync<T>(string @interface, string property, string signature, BodyReader<T> read) =>
                    CallAsync(
                        bus,
                        PropertyCall(bus, path, @interface, property),
                        "v",
                        (ref body) =>
                        {
                            body.ReadSignature(signature);
                            return read(ref body);
                        },
                        cancellationToken);
            },
            cancellationToken);

    /// <summary>
    /// Restarts a service and waits for the end of the job. Restarts by others do not count against it: systemd would stop a service that was
    /// restarted too often and refuse to start it, for good.
    /// </summary>
    /// <param name="unit">The service.</param>
    /// <param name="timeout">How long the job's end is waited for.</param>
    /// <param name="cancellationToken">Ends the waiting, never the job.</param>
    /// <returns>
    /// The job's result: <c>done</c>, or why not (<c>failed</c>, <c>timeout</c>, <c>canceled</c>, <c>dependency</c>); <see cref="Unfinished"/> when
    /// there is none yet.
    /// </returns>
    /// <exception cref="SystemdException">systemd cannot be reached or refuses.</exception>
    public async Task<string> RestartAsync(string unit, TimeSpan timeout, CancellationToken cancellationToken)
    {
        await WithConnectionAsync(
            async bus =>
            {
                await WithinTimeoutAsync(bus.CallMethodAsync(UnitCall(bus, "ResetFailedUnit", unit)), cancellationToken);
                return true;
            },
            cancellationToken);
        return await RunJobAsync(bus => UnitCall(bus, "RestartUnit", unit, "replace"), timeout, cancellationToken);
    }

    /// <summary>Runs a program of the node once, as a unit of its own, and waits for its end.</summary>
    /// <param name="command">Path and arguments.</param>
    /// <param name="outputFile">A file that does not exist yet, for what the program prints.</param>
    /// <param name="errorFile">A file that does not exist yet, for what it complains about.</param>
    /// <param name="timeout">How long it may take.</param>
    /// <param name="overlay">A file that the program sees under another file's path; null for none.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>Whether the program ended with exit code 0.</returns>
    /// <exception cref="SystemdException">systemd cannot be reached or refuses.</exception>
    public async Task<bool> RunAsync(
        IReadOnlyList<string> command,
        string outputFile,
        string errorFile,
        TimeSpan timeout,
        FileOverlay? overlay,
        CancellationToken cancellationToken) =>
        await RunJobAsync(
            bus => TransientUnitCall(bus, [.. command], outputFile, errorFile, timeout, overlay), timeout + TimeSpan.FromSeconds(5), cancellationToken) == "done";

    private Task<string> RunJobAsync(Func<DBusConnection, MessageBuffer> start, TimeSpan timeout, CancellationToken cancellationToken) =>
        WithConnectionAsync(
            async bus =>
            {
                // The job can end before its own name is known: every end is kept until then.
                var ends = Channel.CreateUnbounded<(string Job, string Result)>();
                using var watch = await WithinTimeoutAsync(
                    bus.WatchSignalAsync(
                        BusName,
                        ManagerPath,
                        ManagerInterface,
                        "JobRemoved",
                        static (message, _) => Read(message, "uoss", ReadJobEnd),
                        notification => Keep(notification, ends.Writer),
                        ObserverFlags.EmitOnConnectionClosed | ObserverFlags.EmitOnConnectionFailed | ObserverFlags.EmitOnReaderFailed,
                        emitOnCapturedContext: false).AsTask(),
                    cancellationToken);
                await WithinTimeoutAsync(bus.CallMethodAsync(UnitCall(bus, "Subscribe")), cancellationToken);
                var job = await CallAsync(bus, start(bus), "o", static (ref body) => body.ReadObjectPathAsString(), cancellationToken);

                using var deadline = new CancellationTokenSource(timeout, time);
                using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
                try
                {
                    await foreach (var end in ends.Reader.ReadAllAsync(either.Token))
                    {
                        if (end.Job == job)
                        {
                            return end.Result;
                        }
                    }

                    throw new IOException("the bus went away");
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
            using var bus = new DBusConnection($"unix:path={Uri.EscapeDataString(busSocket)}");
            await WithinTimeoutAsync(bus.ConnectAsync().AsTask(), cancellationToken);
            return await use(bus);
        }
        catch (DBusErrorReplyException exception)
        {
            throw new SystemdException($"systemd refuses: {exception.ErrorMessage} ({exception.ErrorName})", exception);
        }
        catch (Exception exception) when (exception is DBusExceptionBase or IOException)
        {
            throw new SystemdException($"systemd cannot be reached over the bus {busSocket}: {exception.Message}", exception);
        }
    }

    private Task<T> CallAsync<T>(DBusConnection bus, MessageBuffer call, string signature, BodyReader<T> read, CancellationToken cancellationToken) =>
        WithinTimeoutAsync(bus.CallMethodAsync(call, (message, _) => Read(message, signature, read)), cancellationToken);

    private async Task WithinTimeoutAsync(Task task, CancellationToken cancellationToken)
    {
        try
        {
            await task.WaitAsync(AnswerTimeout, time, cancellationToken);
        }
        catch (TimeoutException exception)
        {
            throw new IOException($"no answer within {AnswerTimeout.TotalSeconds:0.##} s", exception);
        }
    }

    private async Task<T> WithinTimeoutAsync<T>(Task<T> task, CancellationToken cancellationToken)
    {
        await WithinTimeoutAsync((Task)task, cancellationToken);
        return await task;
    }

    private static T Read<T>(Message message, string signature, BodyReader<T> read)
    {
        if (message.SignatureAsString != signature)
        {
            throw new DBusReadException($"an answer has the type '{message.SignatureAsString}', not '{signature}'");
        }

        var body = message.GetBodyReader();
        return read(ref body);
    }

    private static IReadOnlyList<string> ReadFirstCommand(ref Reader body)
    {
        var commands = body.ReadArrayStart(DBusType.Struct);
        if (!body.HasNext(commands))
        {
            return [];
        }

        var program = body.ReadString();
        return [program, .. body.ReadArrayOfString().Skip(1)];
    }

    // JobRemoved carries the job's number, its path, the unit and the result.
    private static (string Job, string Result) ReadJobEnd(ref Reader body)
    {
        body.ReadUInt32();
        var job = body.ReadObjectPathAsString();
        body.ReadString();
        return (job, body.ReadString());
    }

    private static void Keep(Notification<(string Job, string Result)> notification, ChannelWriter<(string Job, string Result)> ends)
    {
        if (notification.HasValue)
        {
            ends.TryWrite(notification.Value);
        }
        else
        {
            ends.TryComplete(new IOException(notification.CompletionReason?.Message ?? "the bus went away", notification.CompletionReason));
        }
    }

    // systemd counts microseconds since 1970; 0 is never.
    private static DateTimeOffset? ToTime(ulong microseconds) =>
        microseconds is > 0 and < long.MaxValue / TimeSpan.TicksPerMicrosecond / 10
            ? DateTimeOffset.UnixEpoch.AddTicks((long)microseconds * TimeSpan.TicksPerMicrosecond)
            : null;

    private static MessageBuffer UnitCall(DBusConnection bus, string method, params ReadOnlySpan<string> arguments)
    {
        using var call = bus.GetMessageWriter();
        call.WriteMethodCallHeader(BusName, ManagerPath, ManagerInterface, method, new string('s', arguments.Length));
        foreach (var argument in arguments)
        {
            call.WriteString(argument);
        }

        return call.CreateMessage();
    }

    private static MessageBuffer PropertyCall(DBusConnection bus, string path, string @interface, string property)
    {
        using var call = bus.GetMessageWriter();
        call.WriteMethodCallHeader(BusName, path, "org.freedesktop.DBus.Properties", "Get", "ss");
        call.WriteString(@interface);
        call.WriteString(property);
        return call.CreateMessage();
    }

    private static MessageBuffer TransientUnitCall(
        DBusConnection bus, string[] command, string outputFile, string errorFile, TimeSpan timeout, FileOverlay? overlay)
    {
        var call = bus.GetMessageWriter();
        try
        {
            call.WriteMethodCallHeader(BusName, ManagerPath, ManagerInterface, "StartTransientUnit", "ssa(sv)a(sa(sv))");
            call.WriteString($"gvisor-node-installer-{Guid.NewGuid():N}.service");
            call.WriteString("fail");

            var properties = call.WriteArrayStart(DBusType.Struct);
            WriteText(ref call, "Description", "gvisor-node-installer: check");
            WriteText(ref call, "Type", "oneshot");
            WriteText(ref call, "StandardOutputFile", outputFile);
            WriteText(ref call, "StandardErrorFile", errorFile);
            WriteText(ref call, "CollectMode", "inactive-or-failed");
            call.WriteStructureStart();
            call.WriteString("TimeoutStartUSec");
            call.WriteVariantUInt64((ulong)timeout.TotalMicroseconds);
            call.WriteStructureStart();
            call.WriteString("TimeoutStopUSec");
            call.WriteVariantUInt64((ulong)TimeSpan.FromSeconds(2).TotalMicroseconds);
            call.WriteStructureStart();
            call.WriteString("ExecStart");
            call.WriteSignature("a(sasb)");
            var commands = call.WriteArrayStart(DBusType.Struct);
            call.WriteStructureStart();
            call.WriteString(command[0]);
            call.WriteArray(command);
            call.WriteBool(false);
            call.WriteArrayEnd(commands);
            if (overlay is not null)
            {
                WriteOverlay(ref call, overlay);
            }

            call.WriteArrayEnd(properties);

            // Units that would have to come with it: none.
            call.WriteArrayEnd(call.WriteArrayStart(DBusType.Struct));
            return call.CreateMessage();
        }
        finally
        {
            call.Dispose();
        }

        // Pairs of paths, each with whether a missing source is ignored, and with flags of mount(2).
        static void WriteOverlay(ref MessageWriter call, FileOverlay overlay)
        {
            call.WriteStructureStart();
            call.WriteString("BindReadOnlyPaths");
            call.WriteSignature("a(ssbt)");
            var paths = call.WriteArrayStart(DBusType.Struct);
            call.WriteStructureStart();
            call.WriteString(overlay.Source);
            call.WriteString(overlay.Target);
            call.WriteBool(false);
            call.WriteUInt64(0);
            call.WriteArrayEnd(paths);
        }

        static void WriteText(ref MessageWriter call, string property, string value)
        {
            call.WriteStructureStart();
            call.WriteString(property);
            call.WriteVariantString(value);
        }
    }
}
