namespace Llm2Clip.Data;

/// <summary>Where a data set is written.</summary>
/// <param name="Folder">Its folder.</param>
/// <param name="Name">What its shards are called.</param>
/// <param name="Split">Its part of a larger whole, such as train.</param>
/// <param name="Parts">Path, without ending, of what is kept aside until the data set is complete.</param>
internal sealed record DatasetPlace(string Folder, string Name, string Split, string Parts);

/// <summary>A shard to write: its number, and the images and captions that earlier shards hold.</summary>
internal readonly record struct ShardStart(int Number, long Images, long Captions);

/// <summary>How a data set is written shard by shard. A shard is complete in itself: it can be written again without the others.</summary>
internal interface IDatasetWriter
{
    /// <summary>Starts a shard, in the place of one that has its number already.</summary>
    ISampleWriter OpenShard(DatasetPlace place, ShardStart start);

    /// <summary>Ends the data set when all its shards are complete; may be done again.</summary>
    void Finish(DatasetPlace place, int shards);

    /// <summary>Deletes what was kept aside for <see cref="Finish"/>.</summary>
    void CleanUp(DatasetPlace place, int shards);
}
