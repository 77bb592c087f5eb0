namespace Llm2Clip.Data;

/// <summary>Several data sets one after the other, for readers of captions; images keep what their own set says of them.</summary>
internal sealed class JoinedSource(IReadOnlyList<ISampleSource> sources) : ISampleSource
{
    /// <inheritdoc/>
    public string Description => string.Join(", ", sources.Select(source => source.Description));

    /// <inheritdoc/>
    public int ShardCount => sources.Sum(source => source.ShardCount);

    /// <inheritdoc/>
    public string ShardName(int shard)
    {
        var (source, own) = Find(shard);
        return source.ShardName(own);
    }

    /// <inheritdoc/>
    public IEnumerable<Sample> ReadShard(int shard, Action<BadSample> onBad, CancellationToken cancellation = default)
    {
        var (source, own) = Find(shard);
        return source.ReadShard(own, onBad, cancellation);
    }

    private (ISampleSource Source, int Shard) Find(int shard)
    {
        foreach (var source in sources)
        {
            if (shard < source.ShardCount)
            {
                return (source, shard);
            }
            shard -= source.ShardCount;
        }
        throw new ArgumentOutOfRangeException(nameof(shard));
    }
}
