using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Llm2Clip.Data;
using Llm2Clip.Files;

namespace Llm2Clip.Training.Checkpoints;

/// <summary>
/// The settings of a run, flat and by name, so that a checkpoint of other settings can be refused by name: those that decide what is
/// computed must be the same on resuming.
/// </summary>
internal static class RunIdentity
{
    private const string NotSet = "(not set)";

    /// <summary>Those of a section within the training section.</summary>
    private static readonly string[] LoraKeys =
        ["log_every", "epochs", "steps", "max_minutes", "micro_batch_tokens", "gradient_checkpointing", "max_truncated_share"];

    /// <summary>
    /// Keys of the training section that only say how a run is watched and stored, how long it is, and where means of languages come from
    /// that are not trained on; they may change on resuming.
    /// </summary>
    private static readonly string[] Changeable =
    [
        "output", "raw_store", "log_every", "checkpoint_every", "checkpoint_minutes", "keep_checkpoints", "stall_minutes", "epochs",
        "steps", "max_minutes", "language_text", "means_from", "feature_cache", "retention.max_drop",
        .. LoraKeys.Select(key => "lora." + key),
    ];

    /// <summary>A section's keys with their values, each under <paramref name="prefix"/>.</summary>
    public static IReadOnlyDictionary<string, string> Section(string prefix, object section) =>
        JsonSerializer.SerializeToNode(section, section.GetType(), Json.Line)!.AsObject()
            .ToDictionary(pair => $"{prefix}.{pair.Key}", pair => Text(pair.Value));

    /// <summary>The training data: its name, or each setting of each of its sets.</summary>
    internal static IEnumerable<KeyValuePair<string, string>> OfTrainingData(DataConfig data) =>
        data.TrainSets.SelectMany((set, index) => Section($"data.train_sets.{index}", set))
            .Append(KeyValuePair.Create("data.train", data.Train))
            .Concat(data.JoinCaptions ? [KeyValuePair.Create("data.join_captions", "true")] : []);

    /// <summary>The training data, and how its images come to the model.</summary>
    internal static IEnumerable<KeyValuePair<string, string>> OfTrainingImages(DataConfig data) =>
        Section("data.augment", data.Augment)
            .Concat(OfTrainingData(data))
            .Append(KeyValuePair.Create("data.image_cache_side", data.ImageCacheSide.ToString(CultureInfo.InvariantCulture)));

    /// <summary>Whether a setting must not change on resuming.</summary>
    internal static bool IsCompared(string key) => !Changeable.Contains(NameOf(key));

    /// <summary>A training section and other settings.</summary>
    internal static IReadOnlyDictionary<string, string> Of(string prefix, object section, IEnumerable<KeyValuePair<string, string>> others)
    {
        var all = Section(prefix, section).ToDictionary();
        foreach (var (key, value) in others)
        {
            all[key] = value;
        }
        return all;
    }

    /// <summary>The settings whose values differ, in order of their names.</summary>
    internal static IReadOnlyList<SettingChange> Differences(
        IReadOnlyDictionary<string, string> stored, IReadOnlyDictionary<string, string> wanted) =>
        DifferencesOf(Flat(stored), Flat(wanted));

    private static IReadOnlyList<SettingChange> DifferencesOf(
        IReadOnlyDictionary<string, string> stored, IReadOnlyDictionary<string, string> wanted) =>
    [
        .. from key in wanted.Keys.Union(stored.Keys).Order(StringComparer.Ordinal)
           let mayChange = !IsCompared(key)
           // Checkpoints of older versions hold no settings that may change.
           where Compared(stored, key) != Compared(wanted, key) && (!mayChange || (stored.ContainsKey(key) && wanted.ContainsKey(key)))
           select new SettingChange(key, stored.GetValueOrDefault(key, NotSet), wanted.GetValueOrDefault(key, NotSet), mayChange),
    ];

    /// <summary>The settings of a run that may change, for a message.</summary>
    internal static string ChangeableNames(IReadOnlyDictionary<string, string> settings) =>
        string.Join(", ", Flat(settings).Keys.Where(key => !IsCompared(key)).Order(StringComparer.Ordinal));

    /// <summary>The settings with the keys of sections within sections one by one: <c>clip_train.retention.weight</c>.</summary>
    private static Dictionary<string, string> Flat(IReadOnlyDictionary<string, string> settings)
    {
        var flat = new Dictionary<string, string>();
        foreach (var (key, value) in settings)
        {
            if (Section(value) is not { } section)
            {
                flat.Add(key, value);
                continue;
            }
            foreach (var (name, part) in Flat(section.ToDictionary(pair => $"{key}.{pair.Key}", pair => Text(pair.Value))))
            {
                flat.Add(name, part);
            }
        }
        return flat;
    }

    /// <summary>A value that is a section of its own; null for a pattern such as <c>{a,b}.tar</c>.</summary>
    private static JsonObject? Section(string value)
    {
        try
        {
            return value.StartsWith('{') ? JsonNode.Parse(value) as JsonObject : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>A value as it is compared: a key that a checkpoint of an older version does not have is as good as empty.</summary>
    private static string? Compared(IReadOnlyDictionary<string, string> settings, string key) =>
        settings.GetValueOrDefault(key) is { } value && value is not ("\"\"" or "[]" or NotSet) ? value : null;

    private static string NameOf(string key) => key[(key.IndexOf('.', StringComparison.Ordinal) + 1)..];

    private static string Text(JsonNode? node) => node switch
    {
        null => NotSet,
        JsonValue value when value.TryGetValue<double>(out var number) => number.ToString(CultureInfo.InvariantCulture),
        _ => node.ToJsonString(),
    };
}

/// <summary>A setting that has another value than in the checkpoint.</summary>
/// <param name="Key">Its name, with its section.</param>
/// <param name="Stored">Its value in the checkpoint.</param>
/// <param name="Wanted">Its value now.</param>
/// <param name="MayChange">Whether a run may be resumed all the same.</param>
internal sealed record SettingChange(string Key, string Stored, string Wanted, bool MayChange)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Key}: {Stored} in the checkpoint, {Wanted} now";
}
