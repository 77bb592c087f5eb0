using System.Runtime.ExceptionServices;

namespace Llm2Clip.Data.Loading;

/// <summary>A batch on its way: workers fill its places in any order, the consumer waits until the last one is done.</summary>
internal sealed class PendingBatch(long index, PlannedSample[] samples, byte[] pixels, IReadOnlyList<PlanRecord> records)
{
    // Never disposed: the last worker may still be inside Set when the consumer continues, and without a wait handle there is nothing to
    // free.
    private readonly ManualResetEventSlim _done = new(samples.Length == 0);
    private readonly InputException?[] _failures = new InputException?[samples.Length];
    private int _left = samples.Length;
    private ExceptionDispatchInfo? _fault;

    public long Index { get; } = index;

    public PlannedSample[] Samples { get; } = samples;

    public byte[] Pixels { get; } = pixels;

    /// <summary>
    /// Every record that was read from shards since the batch before, and where passes began and ended, in order.
    /// </summary>
    public IReadOnlyList<PlanRecord> Records { get; } = records;

    /// <summary>Runs <paramref name="decode"/> for one place. An unreadable image is noted; anything else stops the consumer.</summary>
    public void Fill(int place, Action<PlannedSample, Memory<byte>> decode, int imageBytes)
    {
        try
        {
            decode(Samples[place], Pixels.AsMemory(place * imageBytes, imageBytes));
        }
        catch (InputException e)
        {
            _failures[place] = e;
        }
        catch (Exception e)
        {
            _fault = ExceptionDispatchInfo.Capture(e);
        }
        if (Interlocked.Decrement(ref _left) == 0)
        {
            _done.Set();
        }
    }

    public void Wait(CancellationToken cancellation)
    {
        _done.Wait(cancellation);
        _fault?.Throw();
    }

    /// <summary>
    /// Closes the gaps that bad images left, in order; each is reported through <paramref name="onBad"/>, with the number of its data set.
    /// Returns the good samples.
    /// </summary>
    public IReadOnlyList<PlannedSample> Compact(int imageBytes, Action<int, BadSample> onBad)
    {
        if (Array.TrueForAll(_failures, failure => failure is null))
        {
            return Samples;
        }
        var good = new List<PlannedSample>(Samples.Length);
        for (var place = 0; place < Samples.Length; place++)
        {
            if (_failures[place] is { } failure)
            {
                onBad(Samples[place].Set, BadSample.Of(Samples[place].Sample, failure));
                continue;
            }
            if (good.Count < place)
            {
                Pixels.AsSpan(place * imageBytes, imageBytes).CopyTo(Pixels.AsSpan(good.Count * imageBytes));
            }
            good.Add(Samples[place]);
        }
        return good;
    }
}
