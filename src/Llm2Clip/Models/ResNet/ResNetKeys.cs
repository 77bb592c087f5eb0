using System.Text.Json.Nodes;
using Llm2Clip.Configuration;
using Llm2Clip.Files;

namespace Llm2Clip.Models.ResNet;

/// <summary>Values of a residual network's <c>config.json</c> that other configurations do not have.</summary>
internal static class ResNetKeys
{
    /// <summary>Stages of a residual network.</summary>
    private const int Stages = 4;

    /// <summary>More blocks than any network has in a stage (ResNet-152: 36).</summary>
    private const int MostBlocks = 256;

    /// <summary>One of the values of an enum, in snake case.</summary>
    public static T Choice<T>(JsonKeys keys, JsonObject json, string key, T fallback)
        where T : struct, Enum
    {
        var text = keys.Text(json, key, ConfigSchema.SnakeCase(fallback.ToString()));
        var found = Enum.GetValues<T>().Where(value => ConfigSchema.SnakeCase(value.ToString()) == text).ToList();
        var names = Enum.GetNames<T>().Select(ConfigSchema.SnakeCase);
        return found.Count == 1
            ? found[0]
            : keys.Refuse(fallback, $"{key} is '{text}'; it must be one of {string.Join(", ", names)}");
    }

    /// <summary>The blocks of the four stages.</summary>
    public static IReadOnlyList<int> Counts(JsonKeys keys, JsonObject json, string key)
    {
        var counts = (json[key] as JsonArray)?
            .Select(item => item is JsonValue value && value.TryGetValue<int>(out var count) ? count : 0).ToList();
        return counts is { Count: Stages } && counts.All(count => count is > 0 and <= MostBlocks)
            ? counts
            : keys.Refuse<IReadOnlyList<int>>(
                [1, 1, 1, 1],
                $"{key} is {json[key]?.ToJsonString() ?? "missing"}; it must be a list of {Stages} numbers from 1 to {MostBlocks}");
    }

    /// <summary>A list of texts.</summary>
    public static IReadOnlyList<string> Texts(JsonKeys keys, JsonObject json, string key, IReadOnlyList<string> fallback)
    {
        if (json[key] is null)
        {
            return fallback;
        }
        var texts = (json[key] as JsonArray)?
            .Select(item => item is JsonValue value && value.TryGetValue<string>(out var text) ? text : null).ToList();
        return texts is not null && !texts.Contains(null)
            ? texts.ConvertAll(text => text!)
            : keys.Refuse(fallback, $"{key} is {json[key]!.ToJsonString()}; it must be a list of texts");
    }
}
