using System.ComponentModel;
using System.ComponentModel.DataAnnotations;

namespace Llm2Clip.Search;

/// <summary>Whether an index gets a graph of nearest neighbors.</summary>
public enum GraphChoice
{
    /// <summary>From a million images on.</summary>
    Auto,

    /// <summary>Whatever its size.</summary>
    Always,

    /// <summary>All images are scored by each query.</summary>
    Never,
}

/// <summary>The <c>index</c> section of a run file: images made searchable.</summary>
public sealed record IndexConfig
{
    [Description("Images to index, written like data.train: a folder with those below it, tars, Parquet files, a list. Captions are kept "
        + "where there are some. Empty = what the index was made of is looked through again.")]
    public string Data { get; init; } = "";

    [Description("Folder of the index; empty = index in the run's folder.")]
    public string Output { get; init; } = "";

    [Description("Images encoded at once.")]
    [Range(1, 4096)]
    public int BatchSize { get; init; } = 64;

    [Description("Longer side of the thumbnails, pixels; of a new index.")]
    [Range(16, 1024)]
    public int ThumbnailSide { get; init; } = 256;

    [Description("auto | always | never: build a graph of nearest neighbors (HNSW), by which a search need not score every image, and may "
        + "miss some; auto = from a million images on. Images that came later are scored beside it, and it is built anew when they are a "
        + "tenth of all.")]
    public GraphChoice Graph { get; init; }

    [Description("auto | cpu | cuda:N.")]
    public string Device { get; init; } = "auto";
}
