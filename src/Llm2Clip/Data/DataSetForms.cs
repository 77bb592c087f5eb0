namespace Llm2Clip.Data;

/// <summary>The forms that a data set is written in.</summary>
public enum DataSetFormat
{
    /// <summary>WebDataset tars.</summary>
    Webdataset,

    /// <summary>Pictures with a JSONL list.</summary>
    Folder,

    /// <summary>Pictures with a comma-separated list.</summary>
    Csv,

    /// <summary>Pictures with a tab-separated list.</summary>
    Tsv,

    /// <summary>Pictures with Karpathy's JSON.</summary>
    Karpathy,

    /// <summary>Pictures with COCO caption JSON.</summary>
    Coco,

    /// <summary>Parquet files with pictures inside.</summary>
    Parquet,
}

/// <summary>Where a data set is written.</summary>
/// <param name="Folder">Its folder.</param>
/// <param name="Name">What its shards are called.</param>
/// <param name="Split">Its part of a larger whole, such as train.</param>
/// <param name="Parts">Path, without ending, of what is kept aside until the data set is complete.</param>
internal sealed record DataSetPlace(string Folder, string Name, string Split, string Parts);

/// <summary>A shard to write: its number, and the pictures and captions that earlier shards hold.</summary>
internal readonly record struct ShardStart(int Number, long Pictures, long Captions);

/// <summary>How a data set is written shard by shard. A shard stands for itself: it can be written again without the others.</summary>
internal interface IDataSetForm
{
    /// <summary>Starts a shard, in the place of one that has its number already.</summary>
    ISampleWriter OpenShard(DataSetPlace place, ShardStart start);

    /// <summary>Ends the data set when all its shards are complete; may be done again.</summary>
    void Finish(DataSetPlace place, int shards);

    /// <summary>Deletes what was kept aside for <see cref="Finish"/>.</summary>
    void CleanUp(DataSetPlace place, int shards);
}

/// <summary>Finds the form by its name.</summary>
internal static class DataSetForms
{
    /// <summary>Throws <see cref="ConfigException"/> for a form that is not written.</summary>
    public static IDataSetForm Of(DataSetFormat format) => format switch
    {
        DataSetFormat.Webdataset => new ShardFileForm(".tar", path => new TarSampleWriter(path)),
        DataSetFormat.Folder => new PictureFolderForm(new JsonLinesList()),
        DataSetFormat.Csv => new PictureFolderForm(new TableList(',')),
        DataSetFormat.Tsv => new PictureFolderForm(new TableList('\t')),
        DataSetFormat.Karpathy => new PictureFolderForm(new KarpathyList()),
        DataSetFormat.Coco => new PictureFolderForm(new CocoList()),
        // Parquet: new ShardFileForm(".parquet", path => new ParquetSampleWriter(path)),
        _ => throw new ConfigException($"The form {format.ToString().ToLowerInvariant()} cannot be written."),
    };
}

/// <summary>A file a shard: FOLDER/NAME-00000.tar and on.</summary>
internal sealed class ShardFileForm(string ending, Func<string, ISampleWriter> open) : IDataSetForm
{
    public ISampleWriter OpenShard(DataSetPlace place, ShardStart start) => open(Path.Combine(place.Folder, $"{place.Name}-{start.Number:D5}{ending}"));

    public void Finish(DataSetPlace place, int shards)
    {
        // Shards are all there is.
    }

    public void CleanUp(DataSetPlace place, int shards)
    {
        // Nothing was kept aside.
    }
}
