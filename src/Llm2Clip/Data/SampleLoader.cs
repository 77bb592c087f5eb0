using Llm2Clip.Diagnostics;

namespace Llm2Clip.Data;

/// <summary>Decodes a data set into batches on worker threads; the batches are the same whatever the number of workers.</summary>
public sealed class SampleLoader : IDisposable
{
    /// <summary><paramref name="keep"/> leaves out samples before they are decoded, such as <see cref="CaptionSampler.Accepts"/>.</summary>
    public SampleLoader(ISampleSource source, LoaderConfig config, IRunLog log, Func<Sample, bool>? keep = null) => throw new NotSupportedException();

    /// <summary>Share of the time inside <see cref="Epoch"/>'s loop that the consumer waited for data, 0 to 1, since the last <see cref="ResetWaitShare"/>.</summary>
    public double WaitShare => throw new NotSupportedException();

    /// <summary>Starts a new period for <see cref="WaitShare"/>.</summary>
    public void ResetWaitShare() => throw new NotSupportedException();

    /// <summary>
    /// The batches of an epoch, from <paramref name="skipBatches"/> on (those before are not decoded). Dispose each batch when its pixels are used.
    /// </summary>
    public IEnumerable<SampleBatch> Epoch(int epoch, long skipBatches = 0, CancellationToken ct = default) => throw new NotSupportedException();

    /// <summary>Samples that an epoch holds after <c>keep</c>, bad pictures included: counts the data set once.</summary>
    public long CountSamples(CancellationToken ct = default) => throw new NotSupportedException();

    /// <summary>Batches in an epoch's plan.</summary>
    public long BatchesPerEpoch(CancellationToken ct = default) => throw new NotSupportedException();

    /// <summary>Frees buffers and cache.</summary>
    public void Dispose() { }
}
