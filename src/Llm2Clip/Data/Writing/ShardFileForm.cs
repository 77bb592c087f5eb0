namespace Llm2Clip.Data.Writing;

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
