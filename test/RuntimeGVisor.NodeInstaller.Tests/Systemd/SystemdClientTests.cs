// SPDX-License-Identifier: Apache-2.0

using CsCheck;
using RuntimeGVisor.NodeInstaller.Systemd;

namespace RuntimeGVisor.NodeInstaller.Tests.Systemd;

public sealed class SystemdClientTests
{
    private static CancellationToken TestEnd => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_service_is_told_with_all_that_a_decision_needs()
    {
        await using var bus = new ScriptedBus();

        var status = await Client(bus).GetServiceAsync(ScriptedBus.Unit, TestEnd);

        status.Should().BeEquivalentTo(new ServiceStatus
        {
            ActiveState = "active",
            SubState = "running",
            Result = "success",
            InvocationId = "deadbeef",
            MainPid = 4321,
            ActiveSince = new DateTimeOffset(2023, 11, 14, 22, 13, 20, TimeSpan.Zero),
            Job = null,
            Command = ["/usr/bin/containerd", "--config", "${CFG}"],
        });
    }

    [Fact]
    public async Task A_service_that_does_not_run_has_neither_process_nor_time()
    {
        await using var bus = new ScriptedBus();
        bus.Properties["MainPID"] = ("u", ScriptedBus.Number(0));
        bus.Properties["ActiveEnterTimestamp"] = ("t", ScriptedBus.Number64(0));
        bus.Properties["InvocationID"] = ("ay", ScriptedBus.Number(0));
        bus.Properties["ExecStart"] = ("a(sasbttttuii)", new byte[8]);
        bus.Properties["Job"] = ("(uo)", [.. ScriptedBus.Number(7), .. ScriptedBus.Text(ScriptedBus.Job)]);

        var status = await Client(bus).GetServiceAsync(ScriptedBus.Unit, TestEnd);

        status.Should().BeEquivalentTo(new { MainPid = 0u, ActiveSince = (DateTimeOffset?)null, InvocationId = "", Job = 7u });
        status.Command.Should().BeEmpty();
    }

    [Fact]
    public async Task A_service_that_systemd_does_not_know_is_an_error_that_names_it()
    {
        await using var bus = new ScriptedBus();
        bus.Properties["LoadState"] = ("s", ScriptedBus.Text("not-found"));

        var ask = () => Client(bus).GetServiceAsync(ScriptedBus.Unit, TestEnd);

        await ask.Should().ThrowAsync<SystemdException>().WithMessage("systemd has no usable unit containerd.service (it says not-found)");
    }

    [Theory]
    [InlineData("done", false)]
    [InlineData("done", true)]
    [InlineData("failed", false)]
    [InlineData("canceled", true)]
    public async Task A_restart_ends_with_the_result_of_its_own_job(string result, bool endsEarly)
    {
        await using var bus = new ScriptedBus { JobResult = result, EndsJobEarly = endsEarly };

        (await Client(bus).RestartAsync(ScriptedBus.Unit, TimeSpan.FromSeconds(30), TestEnd)).Should().Be(result);

        bus.Calls.Should().ContainInOrder("ResetFailedUnit", "AddMatch", "Subscribe", "RestartUnit");
    }

    [Fact]
    public async Task A_job_that_does_not_end_is_unfinished()
    {
        await using var bus = new ScriptedBus { JobResult = null };

        (await Client(bus).RestartAsync(ScriptedBus.Unit, TimeSpan.FromMilliseconds(50), TestEnd)).Should().Be(SystemdClient.Unfinished);
    }

    [Theory]
    [InlineData("done", true)]
    [InlineData("failed", false)]
    public async Task A_program_of_the_node_succeeds_when_its_unit_does(string result, bool succeeds)
    {
        await using var bus = new ScriptedBus { JobResult = result };

        var run = await Client(bus).RunAsync(["/bin/true", "a b"], "/out", "/errors", TimeSpan.FromSeconds(30), new("/candidate", "/file"), TestEnd);

        run.Should().Be(succeeds);
    }

    [Fact]
    public async Task A_refusal_is_told_with_systemds_reason()
    {
        await using var bus = new ScriptedBus { Refusal = "Access denied" };

        var ask = () => Client(bus).GetServiceAsync(ScriptedBus.Unit, TestEnd);

        await ask.Should().ThrowAsync<SystemdException>().WithMessage("systemd refuses: Access denied (org.freedesktop.DBus.Error.Failed)");
    }

    [Fact]
    public async Task A_bus_that_is_not_there_is_an_error_that_names_it()
    {
        var ask = () => new SystemdClient("/nowhere/bus", TimeProvider.System).GetServiceAsync(ScriptedBus.Unit, TestEnd);

        await ask.Should().ThrowAsync<SystemdException>().WithMessage("systemd cannot be reached over the bus /nowhere/bus: *");
    }

    [Theory]
    [InlineData("", "the bus takes the connection and no more")]
    [InlineData("OK", "the greeting never ends")]
    [InlineData("REJECTED EXTERNAL\r\n", "the bus refuses the user")]
    [InlineData("OK no-guid\r\n", "the greeting is damaged")]
    [InlineData("\r\n\r\n\r\n", "the greeting is empty")]
    public async Task A_bus_that_does_not_greet_is_given_up(string greeting, string what)
    {
        await using var bus = new ScriptedBus { Greeting = greeting };

        var ask = () => Client(bus, TimeSpan.FromMilliseconds(200)).GetServiceAsync(ScriptedBus.Unit, TestEnd);

        await ask.Should().ThrowAsync<SystemdException>(what);
    }

    [Fact]
    public async Task A_call_without_an_answer_is_given_up()
    {
        await using var bus = new ScriptedBus { Damage = (number, bytes) => number == 1 ? [] : bytes };

        var ask = () => Client(bus, TimeSpan.FromMilliseconds(200)).GetServiceAsync(ScriptedBus.Unit, TestEnd);

        await ask.Should().ThrowAsync<SystemdException>().WithMessage("*no answer within 0.2 s");
    }

    [Fact]
    public async Task A_property_of_another_type_is_refused()
    {
        await using var bus = new ScriptedBus();
        bus.Properties["MainPID"] = ("s", ScriptedBus.Text("4321"));

        var ask = () => Client(bus).GetServiceAsync(ScriptedBus.Unit, TestEnd);

        await ask.Should().ThrowAsync<SystemdException>();
    }

    /// <summary>Any byte of any answer changed, and any answer cut short: an answer or an error, in time, and never the end of the process.</summary>
    [Fact]
    public async Task Damage_on_the_bus_is_an_error_and_never_a_hang() =>
        await Gen.Select(Gen.Int[0, 10], Gen.Double[0, 1], Gen.Byte, Gen.Bool, Gen.Bool).SampleAsync(
            async (answer, place, value, cuts, restarts) =>
            {
                await using var bus = new ScriptedBus { Damage = (number, bytes) => number == answer ? Change(bytes) : bytes };
                var client = Client(bus, TimeSpan.FromMilliseconds(100));
                try
                {
                    var asked = restarts
                        ? (Task)client.RestartAsync(ScriptedBus.Unit, TimeSpan.FromMilliseconds(100), TestEnd)
                        : client.GetServiceAsync(ScriptedBus.Unit, TestEnd);
                    await asked.WaitAsync(TimeSpan.FromMinutes(5), TestEnd);
                }
                catch (SystemdException exception)
                {
                    return exception.Message.Length > 0;
                }

                return true;

                byte[] Change(byte[] bytes)
                {
                    var index = Math.Min((int)(place * bytes.Length), bytes.Length - 1);
                    return cuts ? bytes[..index] : [.. bytes[..index], value, .. bytes[(index + 1)..]];
                }
            },
            iter: 200);

    private static SystemdClient Client(ScriptedBus bus, TimeSpan? answerTimeout = null) =>
        new(bus.Path, TimeProvider.System) { AnswerTimeout = answerTimeout ?? TimeSpan.FromSeconds(10) };
}
