namespace Llm2Clip.Data;

/// <summary>One file per shard: FOLDER/NAME-00000.tar and on.</summary>
internal sealed class ShardFileWriter(string ending, Func<string, ISampleWriter> open) : IDatasetWriter
{
    public ISampleWriter OpenShard(DatasetPlace place, ShardStart start) =>
        open(Path.Combine(place.Folder, $"{place.Name}-{start.Number:D5}{ending}"));

    public void Finish(DatasetPlace place, int shards)
    {
        // Shards are all there is.
    }

    public void CleanUp(DatasetPlace place, int shards)
    {
        // Nothing was kept aside.
    }
}
