// SPDX-License-Identifier: Apache-2.0

using System.Text;
using CsCheck;

namespace RuntimeGVisor.NodeConfiguration.Tests;

public sealed class NodeInstallerConfigurationFileTests
{
    private const string Path =
        "an absolute path of at most 255 characters without '.', '..' or empty parts, of letters, digits and the characters '/', '.', '_', '-'";

    private const string Label = "1 to 63 lower-case letters, digits and '-', with a letter or digit at both ends";

    private static readonly NodeInstallerConfiguration Example = new()
    {
        DesiredState = DesiredState.Installed,
        WorkerPool = "pool-a",
        BinaryDirectory = "/var/bin/containerruntimes",
        RunscFlags = RunscFlags.Select([new("debug", "true"), new("net-raw", "true")]).Lines,
    };

    [Fact]
    public void The_file_shows_every_field_in_a_fixed_order() => NodeInstallerConfigurationFile.Write(Example).Should().Be(
        """
        {
          "apiVersion": "gvisor.runtime.extensions.config.gardener.cloud/v1alpha1",
          "kind": "NodeInstallerConfiguration",
          "desiredState": "Installed",
          "workerPool": "pool-a",
          "binaryDirectory": "/var/bin/containerruntimes",
          "handler": "runsc",
          "httpPort": 8080,
          "maxRestartsPerHour": 4,
          "maxRestartDelaySeconds": 60,
          "removalDelaySeconds": 30,
          "runscFlags": [
            {
              "name": "debug",
              "value": "true"
            },
            {
              "name": "debug-log",
              "value": "/var/log/runsc/%ID%/gvisor-%COMMAND%.log"
            },
            {
              "name": "net-raw",
              "value": "true"
            }
          ]
        }

        """);

    [Fact]
    public void What_is_written_reads_back_the_same()
    {
        var label = Gen.OneOf("a", "pool-1", new string('z', 63));
        var path = Gen.OneOf("/a", "/opt/bin.d/x_y-z", "/run/c/c.sock");
        var flags = Gen.OneOf("net-raw", "debug", "gso", "strace").Array.Select(names =>
            RunscFlags.Select(names.Distinct(StringComparer.Ordinal).Select(name => KeyValuePair.Create(name, "true"))).Lines);
        var configurations =
            from state in Gen.OneOf(DesiredState.Installed, DesiredState.Uninstalled)
            from names in Gen.Select(label, label)
            from directory in path
            from numbers in Gen.Select(Gen.Int[1, 65535], Gen.Int[1, 60], Gen.Int[0, 600], Gen.Int[0, 600])
            from lines in flags
            select new NodeInstallerConfiguration
            {
                DesiredState = state,
                WorkerPool = names.Item1,
                Handler = names.Item2,
                BinaryDirectory = directory,
                HttpPort = numbers.Item1,
                MaxRestartsPerHour = numbers.Item2,
                MaxRestartDelaySeconds = numbers.Item3,
                RemovalDelaySeconds = numbers.Item4,
                RunscFlags = lines,
            };

        configurations.Sample(configuration =>
        {
            var read = Read(NodeInstallerConfigurationFile.Write(configuration));
            read.RunscFlags.Should().Equal(configuration.RunscFlags);
            (read with { RunscFlags = [] }).Should().Be(configuration with { RunscFlags = [] });
        });
    }

    [Fact]
    public void Fields_with_a_usual_value_may_be_left_out()
    {
        var read = Read(Minimal());

        (read with { RunscFlags = Example.RunscFlags }).Should().Be(Example);
        read.RunscFlags.Should().BeEmpty();
    }

    /// <summary>One wrong field each: the field, what it is set to as JSON (null: left out), and the error as it is shown.</summary>
    public static TheoryData<string, string?, string> WrongFields() => new()
    {
        { "apiVersion", null, "apiVersion: is missing" },
        { "apiVersion", "\"v1\"", $"apiVersion: \"v1\" is not allowed: exactly {NodeInstallerConfiguration.ApiVersion}" },
        { "apiVersion", "1", "apiVersion: 1 is not allowed: a string" },
        { "kind", null, "kind: is missing" },
        { "kind", "\"nodeinstallerconfiguration\"", "kind: \"nodeinstallerconfiguration\" is not allowed: exactly NodeInstallerConfiguration" },
        { "desiredState", null, "desiredState: is missing" },
        { "desiredState", "\"installed\"", "desiredState: \"installed\" is not allowed: Installed or Uninstalled" },
        { "desiredState", "\"1\"", "desiredState: \"1\" is not allowed: Installed or Uninstalled" },
        { "desiredState", "true", "desiredState: true is not allowed: a string" },
        { "workerPool", null, "workerPool: is missing" },
        { "workerPool", "null", "workerPool: null is not allowed: a string" },
        { "workerPool", "\"\"", $"workerPool: \"\" is not allowed: {Label}" },
        { "workerPool", "\"Pool\"", $"workerPool: \"Pool\" is not allowed: {Label}" },
        { "workerPool", "\"-a\"", $"workerPool: \"-a\" is not allowed: {Label}" },
        { "workerPool", "\"a\\n\"", $"workerPool: \"a\\u000a\" is not allowed: {Label}" },
        { "workerPool", "\"\\ud800\"", $"workerPool: \"\\ufffd\" is not allowed: {Label}" },
        { "binaryDirectory", null, "binaryDirectory: is missing" },
        { "binaryDirectory", "[\"/a\"]", "binaryDirectory: [\"/a\"] is not allowed: a string" },
        { "binaryDirectory", "\"\"", $"binaryDirectory: \"\" is not allowed: {Path}" },
        { "binaryDirectory", "\"/\"", $"binaryDirectory: \"/\" is not allowed: {Path}" },
        { "binaryDirectory", "\"var/bin\"", $"binaryDirectory: \"var/bin\" is not allowed: {Path}" },
        { "binaryDirectory", "\"/var/../etc\"", $"binaryDirectory: \"/var/../etc\" is not allowed: {Path}" },
        { "binaryDirectory", "\"/var/./bin\"", $"binaryDirectory: \"/var/./bin\" is not allowed: {Path}" },
        { "binaryDirectory", "\"/var//bin\"", $"binaryDirectory: \"/var//bin\" is not allowed: {Path}" },
        { "binaryDirectory", "\"/var/bin/\"", $"binaryDirectory: \"/var/bin/\" is not allowed: {Path}" },
        { "binaryDirectory", "\"/a b\"", $"binaryDirectory: \"/a b\" is not allowed: {Path}" },
        { "binaryDirectory", "\"/$(reboot)\"", $"binaryDirectory: \"/$(reboot)\" is not allowed: {Path}" },
        { "binaryDirectory", "\"/a;b\"", $"binaryDirectory: \"/a;b\" is not allowed: {Path}" },
        { "binaryDirectory", "\"/a\\\"b\"", $"binaryDirectory: \"/a\\\"b\" is not allowed: {Path}" },
        { "binaryDirectory", "\"/a]b\"", $"binaryDirectory: \"/a]b\" is not allowed: {Path}" },
        { "binaryDirectory", "\"/a\\u0000\"", $"binaryDirectory: \"/a\\u0000\" is not allowed: {Path}" },
        { "handler", "\"runc\"", "handler: \"runc\" is not allowed: a name other than containerd's own default handler" },
        { "handler", "\"run.sc\"", $"handler: \"run.sc\" is not allowed: {Label}" },
        { "handler", "\"a]\\n[b\"", $"handler: \"a]\\u000a[b\" is not allowed: {Label}" },
        { "handler", "{}", "handler: {} is not allowed: a string" },
        { "httpPort", "0", "httpPort: 0 is not allowed: a number from 1 to 65535" },
        { "httpPort", "65536", "httpPort: 65536 is not allowed: a number from 1 to 65535" },
        { "httpPort", "80.5", "httpPort: 80.5 is not allowed: a whole number" },
        { "httpPort", "99999999999", "httpPort: 99999999999 is not allowed: a whole number" },
        { "httpPort", "\"8080\"", "httpPort: \"8080\" is not allowed: a whole number" },
        { "maxRestartsPerHour", "0", "maxRestartsPerHour: 0 is not allowed: a number from 1 to 60" },
        { "maxRestartsPerHour", "61", "maxRestartsPerHour: 61 is not allowed: a number from 1 to 60" },
        { "maxRestartDelaySeconds", "601", "maxRestartDelaySeconds: 601 is not allowed: a number from 0 to 600" },
        { "removalDelaySeconds", "-1", "removalDelaySeconds: -1 is not allowed: a number from 0 to 600" },
        { "runscFlags", "{\"net-raw\":\"true\"}", "runscFlags: {\"net-raw\":\"true\"} is not allowed: a list" },
        { "runscFlags", "[\"net-raw\"]", "runscFlags[0]: \"net-raw\" is not allowed: an object" },
        { "runscFlags", "[{\"name\":\"net-raw\"}]", "runscFlags[0].value: is missing" },
        { "runscFlags", "[{\"value\":\"true\"}]", "runscFlags[0].name: is missing" },
        { "runscFlags", "[{\"name\":\"net-raw\",\"value\":true}]", "runscFlags[0].value: true is not allowed: a string" },
        { "runscFlags", "[{\"name\":\"net-raw\",\"value\":\"maybe\"}]", "runscFlags[0].value: \"maybe\" is not allowed: net-raw takes \"true\" or \"false\"" },
        { "runscFlags", "[{\"name\":\"netraw\",\"value\":\"true\"}]", "runscFlags[0].name: \"netraw\" is not allowed: there is no such flag to set; did you mean net-raw?" },
        { "runscFlags", "[{\"name\":\"systemd-cgroup\",\"value\":\"true\"}]", "runscFlags[0].name: \"systemd-cgroup\" is not allowed: systemd-cgroup is set by the node installer from what the node uses" },
        { "runscFlags", "[{\"name\":\"gso\",\"value\":\"true\"},{\"name\":\"gso\",\"value\":\"true\"}]", "runscFlags[1].name: \"gso\" is not allowed: each flag once" },
        { "runscFlags", "[{\"name\":\"gso\",\"value\":\"true\",\"tier\":1}]", "runscFlags[0].tier: there is no such field; one of name, value" },
        { "debug-log", "\"/etc\"", "debug-log: there is no such field; one of apiVersion, binaryDirectory, desiredState, handler, httpPort, kind, maxRestartDelaySeconds, maxRestartsPerHour, removalDelaySeconds, runscFlags, workerPool" },
        { "WorkerPool", "\"a\"", "WorkerPool: there is no such field; did you mean workerPool?" },
        { "a\\u0007", "1", "\"a\\u0007\": there is no such field; one of apiVersion, binaryDirectory, desiredState, handler, httpPort, kind, maxRestartDelaySeconds, maxRestartsPerHour, removalDelaySeconds, runscFlags, workerPool" },
    };

    [Theory]
    [MemberData(nameof(WrongFields))]
    public void A_wrong_field_is_named_with_its_value_and_what_is_allowed(string field, string? json, string error) =>
        ErrorsOf(Minimal((field, json))).Should().Equal(error);

    [Theory]
    [InlineData("workerPool", 64)]
    [InlineData("handler", 64)]
    [InlineData("binaryDirectory", 256)]
    public void A_value_that_is_too_long_is_an_error_and_shown_shortened(string field, int length)
    {
        var value = field switch
        {
            "workerPool" or "handler" => new string('a', length),
            _ => "/" + new string('a', length - 1),
        };
        var json = Minimal((field, $"\"{value}\""));

        var shown = length > 128 ? $"\"{value[..128]}\" (the first of {length} characters)" : $"\"{value}\"";
        ErrorsOf(json).Should().ContainSingle().Which.Should().StartWith($"{field}: {shown} is not allowed: ");
    }

    /// <summary>What would mean something to a shell, to TOML, to systemd, to a format string or to a path.</summary>
    public static MatrixTheoryData<string, string> FieldsWithMetacharacters() => new(
        [
            "workerPool", "binaryDirectory", "handler", "runscFlags.name", "runscFlags.value",
        ],
        [
            "/a;reboot", "/a|b", "/a&b", "/$(reboot)", "/`reboot`", "/${HOME}", "/a b", "/a\tb", "/a\nb", "/a\u0000b", "/a'b", "/a\"b", "/a\\b",
            "/a]b", "/[a", "/a=b", "/a#b", "/{0}", "/%n", "/%{x}", "~/a", "/a*", "/a?", "/../../etc", "/a/./b", "/a//b", "-rf", "--config", "ä", "\ud83d\ude00",
            "", " ",
        ]);

    [Theory]
    [MemberData(nameof(FieldsWithMetacharacters))]
    public void No_field_takes_metacharacters(string field, string value)
    {
        var json = System.Text.Json.JsonEncodedText.Encode(value).ToString();
        var (text, error) = field switch
        {
            "runscFlags.name" => (Minimal(("runscFlags", $$"""[{"name":"{{json}}","value":"true"}]""")), "runscFlags[0].name"),
            "runscFlags.value" => (Minimal(("runscFlags", $$"""[{"name":"debug-command","value":"{{json}}"}]""")), "runscFlags[0].value"),
            _ => (Minimal((field, $"\"{json}\"")), field),
        };

        ErrorsOf(text).Should().ContainSingle().Which.Should().StartWith($"{error}: \"").And.MatchRegex(@"\A[ -~]*\z");
    }

    [Fact]
    public void A_repeated_field_is_an_error() =>
        ErrorsOf(Minimal().Replace("{", "{\"workerPool\":\"other\",", StringComparison.Ordinal))
            .Should().Equal("workerPool: \"pool-a\" is not allowed: each field once");

    [Fact]
    public void All_errors_are_told_at_once() =>
        ErrorsOf(Minimal(("workerPool", "\"A\""), ("httpPort", "0"), ("handler", "\"\""))).Should().HaveCount(3);

    [Theory]
    [InlineData("", 1, 1)]
    [InlineData("{", 1, 2)]
    [InlineData("{} {}", 1, 4)]
    [InlineData("{\"a\":1,}", 1, 8)]
    [InlineData("// comment\n{}", 1, 1)]
    [InlineData("{\n  a: v1\n}", 2, 3)]
    public void What_is_no_JSON_is_an_error_with_its_place(string content, int line, int position) =>
        ErrorsOf(content).Should().Equal($"the configuration: must be JSON; it is not at line {line}, byte {position}");

    [Theory]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("3")]
    public void What_is_no_object_is_an_error(string content) =>
        ErrorsOf(content)[0].Should().Be($"the configuration: {content} is not allowed: an object");

    [Fact]
    public void A_file_that_is_too_long_is_an_error() =>
        ErrorsOf(Minimal() + new string(' ', NodeInstallerConfigurationFile.MaxFileBytes)).Should().ContainSingle().Which.Should().Contain("at most 65536 bytes");

    [Fact]
    public void Too_many_flags_are_an_error() =>
        ErrorsOf(Minimal(("runscFlags", $"[{string.Join(',', Enumerable.Repeat("{\"name\":\"gso\",\"value\":\"true\"}", 65))}]")))
            .Should().Equal("runscFlags: 65 flags is not allowed: at most 64 flags");

    [Fact]
    public void Any_bytes_are_read_or_refused_and_nothing_else_happens() =>
        Gen.OneOf(Gen.Byte.Array, Gen.String.Select(Encoding.UTF8.GetBytes), MutatedExample()).Sample(bytes =>
        {
            try
            {
                NodeInstallerConfigurationRules.Check(NodeInstallerConfigurationFile.Read(bytes)).Should().BeEmpty();
            }
            catch (NodeInstallerConfigurationException exception)
            {
                exception.Errors.Should().NotBeEmpty();
                exception.Message.Should().MatchRegex(@"\A[ -~]*\z");
            }
        });

    [Fact]
    public void A_file_that_could_not_be_read_is_not_written() =>
        FluentActions.Invoking(() => NodeInstallerConfigurationFile.Write(Example with { BinaryDirectory = "/a b" }))
            .Should().Throw<NodeInstallerConfigurationException>().WithMessage("*binaryDirectory: \"/a b\"*");

    private static Gen<byte[]> MutatedExample()
    {
        var bytes = Encoding.UTF8.GetBytes(NodeInstallerConfigurationFile.Write(Example));
        return Gen.Select(Gen.Int[0, bytes.Length - 1], Gen.Byte).Select((index, value) =>
        {
            byte[] mutated = [.. bytes];
            mutated[index] = value;
            return mutated;
        });
    }

    private static string Minimal(params (string Field, string? Json)[] changes)
    {
        var fields = new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["apiVersion"] = $"\"{NodeInstallerConfiguration.ApiVersion}\"",
            ["kind"] = "\"NodeInstallerConfiguration\"",
            ["desiredState"] = "\"Installed\"",
            ["workerPool"] = "\"pool-a\"",
            ["binaryDirectory"] = "\"/var/bin/containerruntimes\"",
        };
        foreach (var (field, json) in changes)
        {
            fields[field] = json;
        }

        return $"{{{string.Join(',', fields.Where(field => field.Value is not null).Select(field => $"\"{field.Key}\":{field.Value}"))}}}";
    }

    private static NodeInstallerConfiguration Read(string json) => NodeInstallerConfigurationFile.Read(Encoding.UTF8.GetBytes(json));

    private static string[] ErrorsOf(string json) =>
        [.. FluentActions.Invoking(() => Read(json)).Should().Throw<NodeInstallerConfigurationException>().Which.Errors.Select(error => error.ToString())];
}
