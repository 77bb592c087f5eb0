namespace Llm2Clip.Data;

/// <summary>One data set of the training data, opened.</summary>
/// <param name="Key">The key that names it, for messages.</param>
/// <param name="Path">What it names.</param>
/// <param name="Data">The data section for this set alone.</param>
/// <param name="Source">Its samples.</param>
/// <param name="Weight">Share of the images that are drawn from it, relative to the other sets; null = by their sizes.</param>
internal sealed record TrainSet(string Key, string Path, DataConfig Data, ISampleSource Source, double? Weight)
{
    /// <summary>As messages name it.</summary>
    public override string ToString() => Path.Length > 0 ? $"{Key} ({Path})" : Source.Description;

    /// <summary>A data set that is all there is.</summary>
    public static TrainSet Of(ISampleSource source, DataConfig data) => new("data.train", "", data, source, null);
}
