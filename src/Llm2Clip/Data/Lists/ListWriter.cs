namespace Llm2Clip.Data.Lists;

/// <summary>A sample of an image folder: where its image lies, and how many images and captions precede it in the data set.</summary>
internal sealed record WrittenImage(Sample Sample, string Path, long Images, long Captions);

/// <summary>A run of entries in a list file: what is before, between and behind them.</summary>
internal sealed record ListSection(string Opening = "", string Separator = "", string Closing = "");

/// <summary>
/// A list of images with captions in one format. It is written in parts, one per shard, which are joined when all are there: a list may
/// have several sections, and each part has a file for each.
/// </summary>
internal abstract class ListWriter
{
    /// <summary>Name of the list in its folder.</summary>
    public abstract string FileName { get; }

    /// <summary>The sections in the order of the file; <paramref name="name"/> is what the data set is called.</summary>
    public virtual IReadOnlyList<ListSection> Sections(string name) => [new ListSection()];

    /// <summary>
    /// The entries of one image, each with its section; <paramref name="split"/> is the part of the data set that it belongs to.
    /// </summary>
    public abstract IEnumerable<(int Section, byte[] Entry)> Entries(WrittenImage image, string split);
}
