using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using Llm2Clip.Data.Loading;
using Llm2Clip.Images;

namespace Llm2Clip.Data.Inspection;

/// <summary>A data set that was read through.</summary>
/// <param name="Source">The data.</param>
/// <param name="Statistics">What was counted.</param>
/// <param name="Broken">What could not be used.</param>
/// <param name="Shards">Numbers of each shard's first image and first caption, and of those behind the last shard.</param>
internal sealed record InspectedSet(
    ISampleSource Source, SetStatistics Statistics, BrokenSamples Broken, IReadOnlyList<(int Image, int Caption)> Shards);

/// <summary>
/// Reads a data set through once: one thread reads records, others decode their images, count and hash. The result does not depend on the
/// number of threads.
/// </summary>
internal sealed class InspectionPass
{
    /// <summary>Records that wait for a worker; streamed ones hold their images.</summary>
    private const int WaitingPerWorker = 16;

    private readonly InspectConfig _config;
    private readonly DataConfig _data;
    private readonly int _workers;
    private readonly InspectionTables _tables;
    private readonly CaptionLengths? _tokens;
    private readonly IRunLog _log;

    public InspectionPass(InspectConfig config, DataConfig data, InspectionTables tables, CaptionLengths? tokens, IRunLog log)
    {
        (_config, _data, _workers, _tables, _tokens, _log) = (config, data, LoaderConfig.Threads(data.Workers), tables, tokens, log);
    }

    /// <summary>Throws <see cref="InputException"/> where a shard cannot be read, <see cref="OperationCanceledException"/>.</summary>
    public InspectedSet Read(ISampleSource source, CancellationToken cancellation)
    {
        using var run = new Run(this, source, cancellation);
        return run.Finish();
    }

    private void Inspect(Work work, DecodeOptions decode, SetStatistics statistics, BrokenSamples broken, ref ulong[] scratch)
    {
        var (sample, number, caption) = work;
        byte[] encoded;
        RgbImage image;
        try
        {
            encoded = sample.Image.Read();
            image = ImageCodec.Decode(encoded, sample.Origin, decode);
        }
        catch (InputException error)
        {
            broken.Add(BadSample.Of(sample, error), number);
            return;
        }
        broken.AddGood();
        statistics.AddImage(new SizedImage(number, sample.Key, image.Width, image.Height), ImageFormats.Extension(encoded), encoded.Length);
        statistics.Flat += _tables.SetImage(number, encoded, image) == PerceptualHash.None ? 1 : 0;
        statistics.Sheet.Offer(_config.Seed, sample.Key, number, image);
        statistics.CaptionsPerImage.Add(sample.Captions.Count);
        for (var i = 0; i < sample.Captions.Count; i++)
        {
            statistics.AddCaption(sample.Captions[i], _tokens?.Count(sample.Captions[i].Text));
            _tables.SetCaption(caption + i, number, sample.Captions[i], ref scratch);
        }
    }

    private readonly record struct Work(Sample Sample, int Image, int Caption);

    /// <summary>One pass over one data set.</summary>
    private sealed class Run : IDisposable
    {
        private readonly InspectionPass _pass;
        private readonly ISampleSource _source;
        private readonly CancellationToken _cancellation;
        private readonly CancellationTokenSource _stop;
        private readonly BlockingCollection<Work> _queue;
        private readonly BrokenSamples _broken;
        private readonly DecodeOptions _decode;
        private readonly ConcurrentBag<SetStatistics> _counted = [];
        private readonly List<(int, int)> _shards = [];
        private readonly Thread[] _threads;
        private ExceptionDispatchInfo? _fault;

        public Run(InspectionPass pass, ISampleSource source, CancellationToken cancellation)
        {
            (_pass, _source, _cancellation) = (pass, source, cancellation);
            _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            _queue = new BlockingCollection<Work>(pass._workers * WaitingPerWorker);
            _decode = pass._data.For(source).DecodeOptions() with { JpegReducingGap = 0 };
            _broken = new BrokenSamples(source.Description, pass._config.Listed, pass._log);
            _threads =
            [
                .. Enumerable.Range(0, pass._workers)
                    .Select(i => new Thread(WorkOn) { Name = $"inspect {i}", IsBackground = true }),
            ];
        }

        public InspectedSet Finish()
        {
            using var progress = _pass._log.Start("inspect", _source.ShardCount, "shards");
            Array.ForEach(_threads, thread => thread.Start());
            try
            {
                Read(progress);
            }
            catch (Exception error)
            {
                Fail(error);
            }
            finally
            {
                _queue.CompleteAdding();
                Array.ForEach(_threads, thread => thread.Join());
                progress.Advance(0, $"{_broken.Seen:N0} records");
            }
            _cancellation.ThrowIfCancellationRequested();
            _fault?.Throw();
            var statistics = new SetStatistics(_pass._config.SheetImages);
            foreach (var part in _counted)
            {
                statistics.Add(part);
            }
            return new InspectedSet(_source, statistics, _broken, _shards);
        }

        public void Dispose()
        {
            _queue.Dispose();
            _stop.Dispose();
        }

        private void Read(IProgressTask progress)
        {
            for (var shard = 0; shard < _source.ShardCount; shard++)
            {
                _shards.Add((_pass._tables.ImageCount, _pass._tables.CaptionCount));
                foreach (var sample in _source.ReadShard(shard, bad => _broken.Add(bad, _pass._tables.ImageCount), _stop.Token))
                {
                    var (image, caption) = _pass._tables.Append(sample);
                    _queue.Add(new Work(sample, image, caption), _stop.Token);
                    progress.Advance(0, $"{_broken.Seen:N0} records");
                }
                progress.Advance(1);
            }
            _shards.Add((_pass._tables.ImageCount, _pass._tables.CaptionCount));
        }

        private void WorkOn()
        {
            var statistics = new SetStatistics(_pass._config.SheetImages);
            ulong[] scratch = [];
            try
            {
                foreach (var work in _queue.GetConsumingEnumerable(_stop.Token))
                {
                    _pass.Inspect(work, _decode, statistics, _broken, ref scratch);
                }
                _counted.Add(statistics);
            }
            catch (Exception error)
            {
                Fail(error);
            }
        }

        /// <summary>Keeps the first failure and stops the other threads.</summary>
        private void Fail(Exception error)
        {
            Interlocked.CompareExchange(ref _fault, ExceptionDispatchInfo.Capture(error), null);
            _stop.Cancel();
        }
    }
}
