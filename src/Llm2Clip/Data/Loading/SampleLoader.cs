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
    private readonly SamplePlan _plan;
    private readonly ImageCache? _cache;
    private readonly BadSampleTally _tally;
    private readonly ConcurrentBag<byte[]> _pool = [];
    private readonly int _imageBytes;
    private readonly int _workers;
    private readonly LoaderActivity _activity;

    /// <summary><paramref name="keep"/> leaves out samples before they are decoded, such as <see cref="CaptionSampler.Accepts"/>.</summary>
    public SampleLoader(ISampleSource source, LoaderConfig config, IRunLog log, Func<Sample, bool>? keep = null)
    {
        _config = Checked.Require(config).For(source);
        _plan = new SamplePlan(source, config, keep);
        _cache = config is { Augment: not null, Data.ImageCacheMb: > 0 } ? new ImageCache((long)config.Data.ImageCacheMb << 20) : null;
        _tally = new BadSampleTally(source.Description, config.Data.MaxBadShare, log);
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
        _tally.Restart();
        using var run = new LoaderRun(_config, _activity, _workers, Decode, Rent);
        run.Start(_plan, epoch, skipBatches, cancellation);
        while (run.Take() is { } pending)
        {
            Count(pending.Records);
            var samples = pending.Compact(_imageBytes, _tally.TurnedBad);
            var batch = new SampleBatch(pending.Index, samples, pending.Pixels, _config.Transform.ImageSize, _pool.Add);
            if (samples.Count == 0)
            {
                batch.Dispose();
                continue;
            }
            yield return batch;
        }
        Count(run.RestOfRecords);
        _tally.Finish();
    }

    /// <summary>Frees the pooled buffers.</summary>
    public void Dispose() => _pool.Clear();

    private void Count(IReadOnlyList<object> records)
    {
        foreach (var record in records)
        {
            if (record is Sample sample)
            {
                _tally.Add(sample);
            }
            else
            {
                _tally.AddBad((BadSample)record);
            }
        }
    }

    private byte[] Rent() => _pool.TryTake(out var pixels)
        ? pixels
        : GC.AllocateUninitializedArray<byte>(_imageBytes * _config.BatchSize, pinned: true);

    private void Decode(ImagePipeline pipeline, int epoch, Sample sample, Memory<byte> into)
    {
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
        var random = SeededRandom.For(_config.Seed, epoch, sample.Key, "picture");
        pipeline.Train(image.Image, image.Width, image.Height, ref random, into.Span);
    }
}
