// SPDX-License-Identifier: Apache-2.0

using System.Text;
using Hosting.Logging;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace Hosting.Tests.Logging;

public sealed class LogsTests
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 22, 10, 0, 0, 7, TimeSpan.Zero));

    [Fact]
    public void A_JSON_line_has_the_fields_of_controller_runtime() =>
        Write(LogFormat.Json, logger => logger.LogInformation("Starting {Workers} workers of \"{Controller}\"", 5, "runtime")).Should().Be(
            """{"level":"info","ts":"2026-11-22T10:00:00.007Z","logger":"test","msg":"Starting 5 workers of \"runtime\"","workers":5,"controller":"runtime"}""" + "\n");

    [Fact]
    public void A_text_line_has_the_same_for_people() =>
        Write(LogFormat.Text, logger => logger.LogWarning("Cannot follow {Object}", new Uri("a/b", UriKind.Relative))).Should().Be(
            "2026-11-22T10:00:00.007Z\tWARN\ttest\tCannot follow a/b\t{\"object\":\"a/b\"}\n");

    [Fact]
    public void A_text_line_is_one_line_also_when_its_message_has_several() =>
        Write(LogFormat.Text, logger => logger.LogWarning("one\r\ntwo")).Should().Be("2026-11-22T10:00:00.007Z\tWARN\ttest\tone\\r\\ntwo\t{}\n");

    [Fact]
    public void An_error_names_the_exception_and_where_it_came_from()
    {
        var line = Write(LogFormat.Json, logger =>
        {
            try
            {
                throw new InvalidOperationException("broken\nin two");
            }
            catch (InvalidOperationException exception)
            {
                logger.LogError(exception, "Reconciler error");
            }
        });

        line.Should().StartWith("""{"level":"error",""").And.Contain("\"error\":\"InvalidOperationException: broken\\nin two\",\"stacktrace\":\"").And.Contain(nameof(LogsTests));
        line.Count(character => character == '\n').Should().Be(1, "a line is a line");
    }

    [Fact]
    public void What_surrounds_a_line_is_in_it_and_its_own_values_win() =>
        Write(LogFormat.Json, logger =>
        {
            using (logger.BeginScope(new KeyValuePair<string, object?>[] { new("controller", "runtime"), new("namespace", "shoot--a--b"), new("name", "gvisor-a") }))
            {
                logger.LogInformation("Worked");
                logger.LogInformation("{Controller} worked", "other");
            }

            logger.LogInformation("Stopped");
        }).Should().Be(string.Join('\n',
            """{"level":"info","ts":"2026-11-22T10:00:00.007Z","logger":"test","msg":"Worked","controller":"runtime","namespace":"shoot--a--b","name":"gvisor-a"}""",
            """{"level":"info","ts":"2026-11-22T10:00:00.007Z","logger":"test","msg":"other worked","namespace":"shoot--a--b","name":"gvisor-a","controller":"other"}""",
            """{"level":"info","ts":"2026-11-22T10:00:00.007Z","logger":"test","msg":"Stopped"}""",
            ""));

    [Fact]
    public void An_error_that_wraps_another_shows_where_the_other_came_from()
    {
        var line = Write(LogFormat.Json, logger =>
        {
            try
            {
                Fail();
            }
            catch (InvalidOperationException exception)
            {
                logger.LogError(new NotSupportedException("outer", exception), "Reconciler error");
            }
        });

        line.Should().Contain("\"error\":\"NotSupportedException: outer: inner\"").And.Contain(nameof(Fail));

        static void Fail() => throw new InvalidOperationException("inner");
    }

    [Fact]
    public void A_fault_outside_of_the_process_needs_no_stack_however_it_is_wrapped() =>
        Write(LogFormat.Json, logger => logger.LogError(new NotSupportedException("outer", new TimeoutException("late", new IOException())), "Reconciler error"))
            .Should().NotContain("stacktrace");

    [Theory]
    [InlineData("debug", "debug,info,warn,error")]
    [InlineData("info", "info,warn,error")]
    [InlineData("error", "error")]
    public void A_level_leaves_out_what_is_less_important(string level, string expected)
    {
        var text = Write(LogFormat.Json, logger =>
        {
            logger.LogDebug("x");
            logger.LogInformation("x");
            logger.LogWarning("x");
            logger.LogError("x");
        }, Logs.ParseLevel(level));

        string.Join(',', text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('"')[3])).Should().Be(expected);
    }

    [Fact]
    public void What_the_web_server_does_is_of_no_interest() =>
        Write(LogFormat.Json, logger => logger.LogInformation("Now listening"), category: "Microsoft.AspNetCore.Server.Kestrel").Should().BeEmpty();

    [Fact]
    public void Unknown_levels_and_formats_are_errors_that_name_the_known_ones()
    {
        FluentActions.Invoking(() => Logs.ParseLevel("warn")).Should().Throw<FormatException>().WithMessage("'warn'*debug, info and error*");
        FluentActions.Invoking(() => Logs.ParseFormat("xml")).Should().Throw<FormatException>().WithMessage("'xml'*json and text*");
    }

    private string Write(LogFormat format, Action<ILogger> log, LogLevel level = LogLevel.Information, string category = "test")
    {
        using var output = new MemoryStream();
        using var loggers = Logs.Create(output, format, level, _time);
        log(loggers.CreateLogger(category));
        return Encoding.UTF8.GetString(output.ToArray());
    }
}
