using System.Collections.Concurrent;
using Llm2Clip.Configuration;
using Llm2Clip.Images;
using Llm2Clip.Randomness;

namespace Llm2Clip.Data.Loading;

/// <summary>
/// Decodes a data set into batches on worker threads, a few batches ahead. Order, crops and batches depend on (seed, epoch) and
/// the data alone: they are the same whatever the number of workers, with or without cache, and after a resume with
/// <c>skipBatches</c>. An unreadable image is named, counted and left out, which makes its batch that much shorter; past
/// <see cref="DataConfig.MaxBadShare"/> the run stops. One epoch at a time.
/// </summary>
internal sealed class SampleLoader : ITrainingBatches
{
    private readonly LoaderConfig _config;
    private readonly IEpochPlan _plan;
    private readonly DecodeOptions[] _sets;
    private readonly ImageCache? _cache;
    private readonly BadSampleTally[] _tallies;
    private readonly ConcurrentBag<byte[]> _pool = [];
    private readonly int _imageBytes;
    private readonly int _workers;
    private readonly LoaderActivity _activity;

    /// <summary><paramref name="keep"/> leaves out samples before they are decoded, such as <see cref="CaptionSampler.Accepts"/>.</summary>
    public SampleLoader(ISampleSource source, LoaderConfig config, IRunLog log, Func<Sample, bool>? keep = null)
        : this([TrainSet.Of(source, config.Data)], config, log, keep)
    {
    }

    /// <summary>
    /// The same of several data sets, or with a number of <paramref name="samples"/> per epoch other than what there is; see
    /// <see cref="MixedPlan"/>.
    /// </summary>
    public SampleLoader(
        IReadOnlyList<TrainSet> sets, LoaderConfig config, IRunLog log, Func<Sample, bool>? keep = null, long samples = 0)
    {
        _config = Checked.Require(config);
        _plan = MixedPlan.Of(sets, config, samples, keep is null ? null : (_, sample) => keep(sample), log);
        _sets = [.. sets.Select(set => set.Data.For(set.Source).DecodeOptions())];
        _cache = config is { Augment: not null, Data.ImageCacheMb: > 0 } ? new ImageCache((long)config.Data.ImageCacheMb << 20) : null;
        _tallies = [.. sets.Select(set => new BadSampleTally(set.Source.Description, config.Data.MaxBadShare, log))];
        _imageBytes = config.Transform.ImageSize * config.Transform.ImageSize * 3;
        _workers = LoaderConfig.Threads(config.Data.Workers);
        _activity = new LoaderActivity(_workers);
        if ((long)_imageBytes * config.BatchSize > Array.MaxLength)
        {
            throw new ConfigException($"batch_size {config.BatchSize} at image_size {config.Transform.ImageSize} does not fit one buffer; "
                + "use smaller batches.");
        }
    }

    /// <inheritdoc/>
    public Activity Activity => _activity.Now();

    /// <summary>Samples that an epoch holds after <c>keep</c>, bad images included: reads the data set once, without images.</summary>
    public long CountSamples(CancellationToken cancellation = default) => _plan.Count(cancellation);

    /// <summary>Batches in an epoch's plan.</summary>
    public long BatchesPerEpoch(CancellationToken cancellation = default) => _config.DropLast
        ? CountSamples(cancellation) / _config.BatchSize
        : (CountSamples(cancellation) + _config.BatchSize - 1) / _config.BatchSize;

    /// <summary>
    /// The batches of an epoch, from <paramref name="skipBatches"/> on (those before are not decoded): after a stop, pass the last
    /// batch's <see cref="SampleBatch.Index"/> + 1. Dispose each batch when its pixels are used. Throws <see cref="InputException"/>
    /// where a shard cannot be read or too many records are bad, <see cref="OperationCanceledException"/> when cancelled.
    /// </summary>
    public IEnumerable<SampleBatch> Epoch(int epoch, long skipBatches = 0, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(skipBatches);
        using var run = new LoaderRun(_config, _sets, _activity, _workers, Decode, Rent);
        run.Start(_plan, epoch, skipBatches, cancellation);
        while (run.Take() is { } pending)
        {
            var turnedBad = new List<(int Set, BadSample Bad)>();
            var planned = pending.Compact(_imageBytes, (set, bad) => turnedBad.Add((set, bad)));
            Count(pending.Records, turnedBad);
            var samples = planned.Select(one => one.Sample).ToArray();
            var batch = new SampleBatch(pending.Index, samples, pending.Pixels, _config.Transform.ImageSize, _pool.Add)
            {
                Passes = [.. planned.Select(one => one.Pass)],
            };
            if (samples.Length == 0)
            {
                batch.Dispose();
                continue;
            }
            yield return batch;
        }
        Count(run.RestOfRecords, []);
    }

    /// <inheritdoc/>
    public IReadOnlyList<EpochStart> Starts => _plan.Starts;

    /// <inheritdoc/>
    public void StartFrom(IReadOnlyList<EpochStart> starts) => _plan.StartFrom(starts);

    /// <summary>Frees the pooled buffers, and closes the data sets.</summary>
    public void Dispose()
    {
        _pool.Clear();
        _plan.Dispose();
    }

    /// <summary>Counts records, and images that turned out bad before the pass that they belong to ends.</summary>
    private void Count(IReadOnlyList<PlanRecord> records, IReadOnlyList<(int Set, BadSample Bad)> turnedBad)
    {
        var left = turnedBad.ToLookup(one => one.Set, one => one.Bad);
        var told = new HashSet<int>();
        foreach (var (set, what) in records)
        {
            switch (what)
            {
                case Sample sample:
                    _tallies[set].Add(sample);
                    break;
                case BadSample bad:
                    _tallies[set].AddBad(bad);
                    break;
                case PassMark.Begins:
                    _tallies[set].Restart();
                    break;
                default:
                    Tell(set);
                    _tallies[set].Finish();
                    break;
            }
        }
        foreach (var set in left)
        {
            Tell(set.Key);
        }

        void Tell(int set)
        {
            foreach (var bad in told.Add(set) ? left[set] : [])
            {
                _tallies[set].TurnedBad(bad);
            }
        }
    }

    private byte[] Rent() => _pool.TryTake(out var pixels)
        ? pixels
        : GC.AllocateUninitializedArray<byte>(_imageBytes * _config.BatchSize, pinned: true);

    private void Decode(ImagePipeline pipeline, PlannedSample planned, Memory<byte> into)
    {
        var sample = planned.Sample;
        if (_config.Augment is null)
        {
            pipeline.Eval(pipeline.Decode(sample.Image.Read(), sample.Origin, forTraining: false), into.Span);
            return;
        }
        var image = _cache?.Find(sample.Origin);
        if (image is null)
        {
            var decoded = pipeline.Decode(sample.Image.Read(), sample.Origin, forTraining: true);
            // Shrunk also where it then does not fit the cache: what an image looks like must not depend on who came first.
            image = new DecodedImage(ImagePipeline.Shrink(decoded, _config.Data.ImageCacheSide), decoded.Width, decoded.Height);
            _cache?.Offer(sample.Origin, image);
        }
        var random = SeededRandom.For(_config.Seed, planned.Pass, sample.Key, "picture");
        pipeline.Train(image.Image, image.Width, image.Height, ref random, into.Span);
    }
}
