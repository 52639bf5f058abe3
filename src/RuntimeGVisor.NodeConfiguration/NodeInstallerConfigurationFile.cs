// SPDX-License-Identifier: Apache-2.0

using System.Text;
using System.Text.Json;

namespace RuntimeGVisor.NodeConfiguration;

/// <summary>
/// The file <see cref="NodeInstallerConfiguration.FileName"/>: JSON, written deterministically (equal configurations give equal bytes)
/// and read strictly (whatever is unknown, repeated, missing or out of its rule is an error; nothing is guessed).
/// </summary>
public static class NodeInstallerConfigurationFile
{
    /// <summary>Size in bytes up to which a file is read.</summary>
    public const int MaxFileBytes = 64 * 1024;

    private static readonly JsonWriterOptions WriterOptions = new() { Indented = true, NewLine = "\n" };

    /// <summary>Reads the file's content.</summary>
    /// <param name="json">The file's bytes.</param>
    /// <exception cref="NodeInstallerConfigurationException">The content is wrong; the exception lists every error.</exception>
    public static NodeInstallerConfiguration Read(ReadOnlyMemory<byte> json)
    {
        if (json.Length > MaxFileBytes)
        {
            throw new NodeInstallerConfigurationException([new("", $"{json.Length} bytes", $"at most {MaxFileBytes} bytes")]);
        }

        using var document = Parse(json);
        var errors = new List<ConfigurationError>();
        var configuration = ReadFields(document.RootElement, errors);
        if (errors.Count == 0)
        {
            errors.AddRange(NodeInstallerConfigurationRules.Check(configuration));
        }

        return errors.Count == 0 ? configuration : throw new NodeInstallerConfigurationException(errors);
    }

    /// <summary>Writes every field, in a fixed order, so that a reader of the ConfigMap sees all that applies.</summary>
    /// <param name="configuration">The configuration.</param>
    /// <returns>The file's content, which ends with a line feed.</returns>
    /// <exception cref="NodeInstallerConfigurationException">A value breaks its rule: nothing is written that could not be read.</exception>
    public static string Write(NodeInstallerConfiguration configuration)
    {
        if (NodeInstallerConfigurationRules.Check(configuration) is { Count: > 0 } errors)
        {
            throw new NodeInstallerConfigurationException(errors);
        }

        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, WriterOptions))
        {
            WriteFields(json, configuration);
        }

        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length) + "\n";
    }

    private static JsonDocument Parse(ReadOnlyMemory<byte> json)
    {
        try
        {
            return JsonDocument.Parse(json);
        }
        catch (JsonException exception)
        {
            // The parser's own message repeats what it found, whatever bytes that has.
            throw new NodeInstallerConfigurationException(
                [new("", null, $"must be JSON; it is not at line {exception.LineNumber + 1}, byte {exception.BytePositionInLine + 1}")]);
        }
    }

    private static NodeInstallerConfiguration ReadFields(JsonElement root, List<ConfigurationError> errors)
    {
        var fields = new StrictJsonObject(root, "", errors);
        RequireConstant(errors, "apiVersion", fields.RequiredString("apiVersion"), NodeInstallerConfiguration.ApiVersion);
        RequireConstant(errors, "kind", fields.RequiredString("kind"), NodeInstallerConfiguration.Kind);
        var defaults = new NodeInstallerConfiguration { DesiredState = default, WorkerPool = "", BinaryDirectory = "" };
        var configuration = new NodeInstallerConfiguration
        {
            DesiredState = ReadDesiredState(errors, fields.RequiredString("desiredState")),
            WorkerPool = fields.RequiredString("workerPool"),
            BinaryDirectory = fields.RequiredString("binaryDirectory"),
            Handler = fields.OptionalString("handler", defaults.Handler),
            HttpPort = fields.OptionalInt32("httpPort", defaults.HttpPort),
            MaxRestartsPerHour = fields.OptionalInt32("maxRestartsPerHour", defaults.MaxRestartsPerHour),
            MaxRestartDelaySeconds = fields.OptionalInt32("maxRestartDelaySeconds", defaults.MaxRestartDelaySeconds),
            RemovalDelaySeconds = fields.OptionalInt32("removalDelaySeconds", defaults.RemovalDelaySeconds),
            RunscFlags = [.. fields.OptionalObjects("runscFlags").Select(ReadFlag)],
        };
        fields.RejectOtherFields();
        return configuration;
    }

    private static RunscFlagValue ReadFlag(StrictJsonObject fields)
    {
        var flag = new RunscFlagValue(fields.RequiredString("name"), fields.RequiredString("value"));
        fields.RejectOtherFields();
        return flag;
    }

    private static DesiredState ReadDesiredState(List<ConfigurationError> errors, string text)
    {
        switch (text)
        {
            case nameof(DesiredState.Installed):
                return DesiredState.Installed;
            case nameof(DesiredState.Uninstalled):
                return DesiredState.Uninstalled;
            default:
                AddUnlessNoted(errors, "desiredState", text, $"{nameof(DesiredState.Installed)} or {nameof(DesiredState.Uninstalled)}");
                return default;
        }
    }

    private static void RequireConstant(List<ConfigurationError> errors, string field, string value, string constant)
    {
        if (value != constant)
        {
            AddUnlessNoted(errors, field, value, $"exactly {constant}");
        }
    }

    // A field that is missing or no string was noted when it was taken.
    private static void AddUnlessNoted(List<ConfigurationError> errors, string field, string value, string allowed)
    {
        if (!errors.Any(error => error.Field == field))
        {
            errors.Add(new(field, value, allowed));
        }
    }

    private static void WriteFields(Utf8JsonWriter json, NodeInstallerConfiguration configuration)
    {
        json.WriteStartObject();
        json.WriteString("apiVersion", NodeInstallerConfiguration.ApiVersion);
        json.WriteString("kind", NodeInstallerConfiguration.Kind);
        json.WriteString("desiredState", configuration.DesiredState.ToString());
        json.WriteString("workerPool", configuration.WorkerPool);
        json.WriteString("binaryDirectory", configuration.BinaryDirectory);
        json.WriteString("handler", configuration.Handler);
        json.WriteNumber("httpPort", configuration.HttpPort);
        json.WriteNumber("maxRestartsPerHour", configuration.MaxRestartsPerHour);
        json.WriteNumber("maxRestartDelaySeconds", configuration.MaxRestartDelaySeconds);
        json.WriteNumber("removalDelaySeconds", configuration.RemovalDelaySeconds);
        json.WriteStartArray("runscFlags");
        foreach (var (name, value) in configuration.RunscFlags)
        {
            json.WriteStartObject();
            json.WriteString("name", name);
            json.WriteString("value", value);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }
}
