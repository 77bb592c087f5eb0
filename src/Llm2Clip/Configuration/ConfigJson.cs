using System.Collections;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Llm2Clip.Configuration;

/// <summary>Turns a configuration record into JSON with the keys and values of a run file.</summary>
internal static class ConfigJson
{
    /// <summary>The keys of a record, in their order.</summary>
    public static JsonObject Of(object record) => new(
        ConfigSchema.Of(record.GetType()).Keys.Select(key =>
            KeyValuePair.Create(key.Name, Node(key.Type, key.Property.GetValue(record)))));

    private static JsonNode? Node(ConfigType type, object? value) => (type.Form, value) switch
    {
        (_, null) => null,
        (ConfigForm.Record, _) => Of(value),
        (ConfigForm.List, IEnumerable items) =>
            new JsonArray([.. items.Cast<object?>().Select(item => Node(ConfigType.Of(type.Item!), item))]),
        (ConfigForm.Dictionary, IEnumerable entries) => new JsonObject(
            entries.Cast<object>().Select(ConfigPrinter.Entry).OrderBy(entry => entry.Name, StringComparer.Ordinal)
                .Select(entry => KeyValuePair.Create(entry.Name, Node(ConfigType.Of(type.Item!), entry.Value)))),
        (_, Enum choice) => ConfigSchema.SnakeCase(choice.ToString()),
        _ => JsonSerializer.SerializeToNode(value, value.GetType()),
    };
}
