using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using Llm2Clip.Images;

namespace Llm2Clip.Data.Loading;

/// <summary>
/// The threads of one epoch: a planner that reads shards and cuts the order into batches, at most <see cref="LoaderConfig.Ahead"/>
/// ahead of the consumer, and workers that decode images into the batches' places. Disposing it stops and joins them all, but for one that
/// hangs: a run that is stopped has to save, whatever a disk does.
/// </summary>
internal sealed class LoaderRun : IDisposable
{
    /// <summary>
    /// Longer than any one image takes that is not stuck, and less than what a cluster gives a process between two signals.
    /// </summary>
    private const int PatienceMs = 5000;

    private readonly LoaderConfig _config;
    private readonly LoaderActivity _activity;
    private readonly IReadOnlyList<DecodeOptions> _sets;
    private readonly Action<ImagePipeline, PlannedSample, Memory<byte>> _decode;
    private readonly Func<byte[]> _rent;
    private readonly BlockingCollection<PendingBatch> _ordered = [];
    private readonly BlockingCollection<(PendingBatch Batch, int Place)> _work = [];
    private readonly SemaphoreSlim _ahead;
    private readonly Thread[] _threads;
    private CancellationTokenSource _stop = new();
    private ExceptionDispatchInfo? _planFault;
    private List<PlanRecord> _records = [];

    /// <param name="config">Batches and how far ahead.</param>
    /// <param name="sets">How the images of each data set are decoded.</param>
    /// <param name="activity">Hears what the threads are at.</param>
    /// <param name="workers">Threads that decode.</param>
    /// <param name="decode">Decodes one image into its place.</param>
    /// <param name="rent">Gives the pixels of a batch.</param>
    public LoaderRun(
        LoaderConfig config, IReadOnlyList<DecodeOptions> sets, LoaderActivity activity, int workers,
        Action<ImagePipeline, PlannedSample, Memory<byte>> decode, Func<byte[]> rent)
    {
        (_config, _sets, _activity) = (config, sets, activity);
        _decode = decode;
        _rent = rent;
        _ahead = new SemaphoreSlim(config.Ahead);
        _threads = new Thread[workers + 1];
    }

    /// <summary>Records read after the last batch was cut; complete when <see cref="Take"/> has returned null.</summary>
    public IReadOnlyList<PlanRecord> RestOfRecords => _records;

    public void Start(IEpochPlan plan, int epoch, long skip, CancellationToken cancellation)
    {
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        _threads[0] = new Thread(() => Plan(plan, epoch, skip)) { IsBackground = true, Name = "data plan" };
        for (var i = 1; i < _threads.Length; i++)
        {
            var worker = i - 1;
            _threads[i] = new Thread(() => Work(worker)) { IsBackground = true, Name = $"data worker {i}" };
        }
        foreach (var thread in _threads)
        {
            thread.Start();
        }
    }

    /// <summary>The next batch, decoded; null at the end. Throws what stopped the planner or a worker.</summary>
    public PendingBatch? Take()
    {
        if (!_ordered.TryTake(out var batch, Timeout.Infinite, _stop.Token))
        {
            _planFault?.Throw();
            return null;
        }
        batch.Wait(_stop.Token);
        _ahead.Release();
        return batch;
    }

    public void Dispose()
    {
        _stop.Cancel();
        var start = Environment.TickCount64;
        if (!Array.TrueForAll(_threads, thread =>
            thread is null || thread.Join((int)Math.Max(0, PatienceMs - (Environment.TickCount64 - start)))))
        {
            return; // The thread ends with the process, and finds until then what it uses.
        }
        _stop.Dispose();
        _ordered.Dispose();
        _work.Dispose();
        _ahead.Dispose();
    }

    private void Plan(IEpochPlan plan, int epoch, long skip)
    {
        try
        {
            long index = 0;
            var batch = new List<PlannedSample>(_config.BatchSize);
            foreach (var sample in plan.Epoch(epoch, Note, _activity.Reads, _stop.Token))
            {
                _stop.Token.ThrowIfCancellationRequested();
                batch.Add(sample);
                if (batch.Count == _config.BatchSize)
                {
                    Emit(index++, batch, skip);
                }
            }
            if (batch.Count > 0 && !_config.DropLast)
            {
                Emit(index, batch, skip);
            }
        }
        catch (OperationCanceledException)
        {
            // The consumer stopped; it knows.
        }
        catch (Exception e)
        {
            _planFault = ExceptionDispatchInfo.Capture(e);
        }
        finally
        {
            _ordered.CompleteAdding();
            _work.CompleteAdding();
        }
    }

    /// <summary>Notes a record to be counted, without its image: while batches are skipped, all that were read wait here.</summary>
    private void Note(PlanRecord record)
    {
        _records.Add(record.What is Sample { Image.HeldBytes: > 0 } sample
            ? record with { What = sample with { Image = MemoryImage.None } }
            : record);
        _activity.Moved();
    }

    private void Emit(long index, List<PlannedSample> samples, long skip)
    {
        if (index >= skip)
        {
            _ahead.Wait(_stop.Token);
            var pending = new PendingBatch(index, [.. samples], _rent(), _records);
            _records = [];
            _ordered.Add(pending);
            for (var place = 0; place < samples.Count; place++)
            {
                _work.Add((pending, place));
            }
        }
        samples.Clear();
    }

    private void Work(int worker)
    {
        var pipelines = _sets.Select(set => new ImagePipeline(_config.Transform, _config.Augment, set)).ToArray();
        var imageBytes = pipelines[0].OutputBytes;
        try
        {
            foreach (var (batch, place) in _work.GetConsumingEnumerable(_stop.Token))
            {
                _activity.Begins(worker, batch.Samples[place].Sample);
                batch.Fill(place, (planned, into) => _decode(pipelines[planned.Set], planned, into), imageBytes);
                _activity.Ends(worker);
            }
        }
        catch (OperationCanceledException)
        {
            // The consumer stopped; what is left need not be decoded.
        }
    }
}
