using System.Globalization;

namespace Llm2Clip.Data.Loading;

/// <summary>
/// What the threads of a loader are at: how many records were read and images decoded, and which image has been in a decoder for longest.
/// Written by those threads and read by another, without a lock.
/// </summary>
/// <param name="workers">Decode threads.</param>
internal sealed class LoaderActivity(int workers)
{
    private readonly Decoding?[] _decoding = new Decoding?[workers];
    private volatile string? _shard;
    private long _done;

    /// <summary>An image in a decoder, and since when.</summary>
    private sealed record Decoding(string Origin, long Since);

    /// <summary>A shard is being read; null = it was.</summary>
    public void Reads(string? shard) => _shard = shard;

    /// <summary>A record was read, or something else was done.</summary>
    public void Moved() => Interlocked.Increment(ref _done);

    /// <summary>A worker, from 0, begins an image.</summary>
    public void Begins(int worker, Sample sample) =>
        Volatile.Write(ref _decoding[worker], new Decoding(sample.Origin, Environment.TickCount64));

    /// <summary>It is done with it.</summary>
    public void Ends(int worker)
    {
        Volatile.Write(ref _decoding[worker], null);
        Moved();
    }

    /// <summary>At this moment, for whoever waits for the next batch.</summary>
    public Activity Now()
    {
        Decoding? oldest = null;
        for (var worker = 0; worker < _decoding.Length; worker++)
        {
            if (Volatile.Read(ref _decoding[worker]) is { } one && (oldest is null || one.Since < oldest.Since))
            {
                oldest = one;
            }
        }
        var what = oldest is not null
            ? string.Create(
                CultureInfo.InvariantCulture,
                $": {oldest.Origin} has been in a decoder for {(Environment.TickCount64 - oldest.Since) / 1000.0:N1} seconds")
            : _shard is { } shard ? $": the shard {shard} is being read" : "";
        return new Activity(Interlocked.Read(ref _done), $"the run waits for images{what}");
    }
}
