using Llm2Clip.Randomness;

namespace Llm2Clip.Data.Loading;

/// <summary>
/// The order of an epoch: shards in random order, their samples through a shuffle buffer. It depends on (seed, epoch) and the
/// data alone. Samples are captions and offsets, so the buffer is cheap; a data set that fits it is shuffled as a whole, and is
/// then kept in memory, so that later epochs read no shard. Images that travel with their samples (<see cref="IImageBytes.HeldBytes"/>)
/// count against <see cref="DataConfig.ShuffleBufferMb"/>: past it, fewer records wait in the buffer, and nothing is kept.
/// </summary>
internal sealed class SamplePlan(ISampleSource source, LoaderConfig config, Func<Sample, bool>? keep)
{
    private readonly Dictionary<int, List<object>> _kept = [];
    private readonly long _maxHeldBytes = (long)config.Data.ShuffleBufferMb << 20;
    private long _keptRecords;
    private long _keptBytes;
    private bool _keeping = true;
    private long? _count;

    /// <summary>
    /// The samples of an epoch. <paramref name="onRecord"/> hears of every record as it is read: a <see cref="Sample"/> or a
    /// <see cref="BadSample"/>; <paramref name="onShard"/> of the name of a shard before it is read, and of null after.
    /// </summary>
    public IEnumerable<Sample> Epoch(
        int epoch, Action<object> onRecord, Action<string?>? onShard = null, CancellationToken cancellation = default)
    {
        var shards = Enumerable.Range(0, source.ShardCount).ToArray();
        var random = SeededRandom.For(config.Seed, epoch, "order");
        if (config.Shuffle)
        {
            random.Shuffle(shards);
        }
        var samples = shards.SelectMany(shard => Shard(shard, onRecord, onShard, cancellation))
            .Where(sample => keep is null || keep(sample));
        return config.Shuffle ? ThroughBuffer(samples, random) : samples;
    }

    /// <summary>Samples of an epoch; the data set is read once for it.</summary>
    public long Count(CancellationToken cancellation)
    {
        if (_count is { } known)
        {
            return known;
        }
        long count = 0;
        for (var shard = 0; shard < source.ShardCount; shard++)
        {
            foreach (var sample in Shard(shard, _ => cancellation.ThrowIfCancellationRequested(), null, cancellation))
            {
                count += keep is null || keep(sample) ? 1 : 0;
            }
        }
        _count = count;
        return count;
    }

    private IEnumerable<Sample> Shard(int shard, Action<object> onRecord, Action<string?>? onShard, CancellationToken cancellation)
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
        var bytes = 0L;
        onShard?.Invoke(source.ShardName(shard));
        foreach (var sample in source.ReadShard(shard, Remember, cancellation))
        {
            Remember(sample);
            yield return sample;
        }
        onShard?.Invoke(null);
        if (_keeping)
        {
            _kept[shard] = reading;
            _keptRecords += reading.Count;
            _keptBytes += bytes;
        }

        void Remember(object record)
        {
            onRecord(record);
            if (!_keeping)
            {
                return;
            }
            reading.Add(record);
            bytes += Held(record);
            if (_keptRecords + reading.Count > config.Data.ShuffleBuffer || _keptBytes + bytes > _maxHeldBytes)
            {
                _keeping = false;
                _kept.Clear();
                reading.Clear();
            }
        }
    }

    private static long Held(object record) => record is Sample sample ? sample.Image.HeldBytes : 0;

    private IEnumerable<Sample> ThroughBuffer(IEnumerable<Sample> samples, SeededRandom random)
    {
        var buffer = new List<Sample>();
        var held = 0L;
        foreach (var sample in samples)
        {
            held += Held(sample);
            if (buffer.Count < config.Data.ShuffleBuffer)
            {
                buffer.Add(sample);
            }
            else
            {
                var place = random.NextInt32(buffer.Count);
                held -= Held(buffer[place]);
                yield return buffer[place];
                buffer[place] = sample;
            }
            while (held > _maxHeldBytes)
            {
                yield return Take();
            }
        }
        while (buffer.Count > 0)
        {
            yield return Take();
        }

        Sample Take()
        {
            var place = random.NextInt32(buffer.Count);
            var taken = buffer[place];
            held -= Held(taken);
            buffer[place] = buffer[^1];
            buffer.RemoveAt(buffer.Count - 1);
            return taken;
        }
    }
}
