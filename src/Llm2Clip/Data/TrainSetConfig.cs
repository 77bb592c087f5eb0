using System.ComponentModel;
using System.Globalization;
using Llm2Clip.Configuration;

namespace Llm2Clip.Data;

/// <summary>One of several data sets that a run trains on. Keys that it leaves out are those of the data section.</summary>
public sealed record TrainSetConfig : ICheckedConfig
{
    [Description("The data, written like data.train.")]
    public string Path { get; init; } = "";

    [Description("Share of the training images that are drawn from this set, relative to the weights of the others: 3 and 1 are 75 % and "
        + "25 %. Null, for all sets: as many as each has.")]
    public double? Weight { get; init; }

    [Description("As data.format; null = data.format.")]
    public DatasetFormat? Format { get; init; }

    [Description("As data.image_root; null = data.image_root.")]
    public string? ImageRoot { get; init; }

    [Description("As data.image_key; null = data.image_key.")]
    public string? ImageKey { get; init; }

    [Description("As data.language; null = data.language.")]
    public string? Language { get; init; }

    [Description("As data.kind; null = data.kind.")]
    public CaptionKind? Kind { get; init; }

    [Description("As data.caption_keys; null = data.caption_keys.")]
    public IReadOnlyList<CaptionKey>? CaptionKeys { get; init; }

    [Description("As data.upright; null = data.upright.")]
    public bool? Upright { get; init; }

    /// <inheritdoc/>
    public IEnumerable<(string Key, string Problem)> Check()
    {
        if (Path.Length == 0)
        {
            yield return ("path", "is empty; name the data, as data.train would");
        }
        if (Weight is { } weight && !(weight > 0))
        {
            yield return ("weight", string.Create(CultureInfo.InvariantCulture, $"is {weight}; it must be above 0. ")
                + "Leave a set that is not to be drawn out of the list");
        }
    }

    /// <summary>The data section for this set alone.</summary>
    internal DataConfig Within(DataConfig data) => data with
    {
        Train = Path,
        TrainSets = [],
        Format = Format ?? data.Format,
        ImageRoot = ImageRoot ?? data.ImageRoot,
        ImageKey = ImageKey ?? data.ImageKey,
        Language = Language ?? data.Language,
        Kind = Kind ?? data.Kind,
        CaptionKeys = CaptionKeys ?? data.CaptionKeys,
        Upright = Upright ?? data.Upright,
    };
}
