namespace Llm2Clip.Data;

/// <summary>
/// The order of an epoch: shards in random order, their samples through a shuffle buffer. It depends on (seed, epoch) and the
/// data alone. Samples are captions and offsets, so the buffer is cheap; a data set that fits it is shuffled as a whole, and is
/// then kept in memory, so that later epochs read no shard.
/// </summary>
internal sealed class SamplePlan(ISampleSource source, LoaderConfig config, Func<Sample, bool>? keep)
{
    private readonly Dictionary<int, List<object>> _kept = [];
    private long _keptRecords;
    private bool _keeping = true;
    private long? _count;

    /// <summary>
    /// The samples of an epoch. <paramref name="onRecord"/> hears of every record as it is read: a <see cref="Sample"/> or a <see cref="BadSample"/>.
    /// </summary>
    public IEnumerable<Sample> Epoch(int epoch, Action<object> onRecord)
    {
        var shards = Enumerable.Range(0, source.ShardCount).ToArray();
        var random = SampleRandom.For(config.Seed, epoch, "", "order");
        if (config.Shuffle)
        {
            Shuffle(shards, ref random);
        }
        var samples = shards.SelectMany(shard => Shard(shard, onRecord)).Where(sample => keep is null || keep(sample));
        return config.Shuffle ? ThroughBuffer(samples, random) : samples;
    }

    /// <summary>Samples of an epoch; the data set is read once for it.</summary>
    public long Count(CancellationToken ct)
    {
        if (_count is { } known)
        {
            return known;
        }
        long count = 0;
        for (var shard = 0; shard < source.ShardCount; shard++)
        {
            foreach (var sample in Shard(shard, _ => ct.ThrowIfCancellationRequested()))
            {
                count += keep is null || keep(sample) ? 1 : 0;
            }
        }
        _count = count;
        return count;
    }

    private IEnumerable<Sample> Shard(int shard, Action<object> onRecord)
    {
        if (_kept.TryGetValue(shard, out var records))
        {
            foreach (var record in records)
            {
                onRecord(record);
                if (record is Sample sample)
                {
                    yield return sample;
                }
            }
            yield break;
        }
        var reading = new List<object>();
        foreach (var sample in source.ReadShard(shard, Remember))
        {
            Remember(sample);
            yield return sample;
        }
        Keep(shard, reading);

        void Remember(object record)
        {
            onRecord(record);
            if (_keeping)
            {
                reading.Add(record);
            }
        }
    }

    private void Keep(int shard, List<object> records)
    {
        _keptRecords += records.Count;
        _keeping &= _keptRecords <= config.ShuffleBuffer;
        if (_keeping)
        {
            _kept[shard] = records;
        }
        else
        {
            _kept.Clear();
        }
    }

    private IEnumerable<Sample> ThroughBuffer(IEnumerable<Sample> samples, SampleRandom random)
    {
        var buffer = new List<Sample>();
        foreach (var sample in samples)
        {
            if (buffer.Count < config.ShuffleBuffer)
            {
                buffer.Add(sample);
                continue;
            }
            var place = random.Next(buffer.Count);
            yield return buffer[place];
            buffer[place] = sample;
        }
        while (buffer.Count > 0)
        {
            var place = random.Next(buffer.Count);
            yield return buffer[place];
            buffer[place] = buffer[^1];
            buffer.RemoveAt(buffer.Count - 1);
        }
    }

    private static void Shuffle(int[] items, ref SampleRandom random)
    {
        for (var i = items.Length - 1; i > 0; i--)
        {
            var other = random.Next(i + 1);
            (items[i], items[other]) = (items[other], items[i]);
        }
    }
}
