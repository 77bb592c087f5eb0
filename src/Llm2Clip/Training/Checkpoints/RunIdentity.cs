using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Llm2Clip.Files;

namespace Llm2Clip.Training.Checkpoints;

/// <summary>
/// The settings that decide what a run computes, flat and by name, so that a checkpoint of other settings can be refused by name.
/// </summary>
internal static class RunIdentity
{
    /// <summary>
    /// Keys of the training section that only say how a run is watched and stored, how long it is, and where means of languages come from
    /// that are not trained on; they may change on resuming.
    /// </summary>
    private static readonly string[] Changeable =
    [
        "output", "raw_store", "log_every", "checkpoint_every", "epochs", "steps", "max_minutes", "language_text", "means_from",
        "feature_cache",
    ];

    /// <summary>A section's keys with their values, each under <paramref name="prefix"/>.</summary>
    public static IReadOnlyDictionary<string, string> Section(string prefix, object section) =>
        JsonSerializer.SerializeToNode(section, section.GetType(), Json.Line)!.AsObject()
            .ToDictionary(pair => $"{prefix}.{pair.Key}", pair => Text(pair.Value));

    /// <summary>Whether a setting must not change on resuming: checkpoints of older versions hold some that may.</summary>
    internal static bool IsCompared(string key) => !Changeable.Contains(key[(key.IndexOf('.', StringComparison.Ordinal) + 1)..]);

    /// <summary>A training section without the keys that may change on resuming, and other settings that must not.</summary>
    internal static IReadOnlyDictionary<string, string> Of(string prefix, object section, IEnumerable<KeyValuePair<string, string>> others)
    {
        var all = Section(prefix, section).Where(pair => !Changeable.Contains(pair.Key[(prefix.Length + 1)..])).ToDictionary();
        foreach (var (key, value) in others)
        {
            all[key] = value;
        }
        return all;
    }

    private static string Text(JsonNode? node) => node switch
    {
        null => "(not set)",
        JsonValue value when value.TryGetValue<double>(out var number) => number.ToString(CultureInfo.InvariantCulture),
        _ => node.ToJsonString(),
    };
}
