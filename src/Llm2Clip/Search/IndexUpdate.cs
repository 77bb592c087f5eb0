using System.Collections.Concurrent;
using System.Diagnostics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Llm2Clip.Data;
using Llm2Clip.Data.Loading;
using Llm2Clip.Images;

namespace Llm2Clip.Search;

/// <summary>What an update of an index found and did.</summary>
/// <param name="Encoded">Images that were new or whose bytes had changed.</param>
/// <param name="Taken">Images with bytes that were there already: moved, copied, touched, or with other captions.</param>
/// <param name="Unchanged">Images that are as they were.</param>
/// <param name="Removed">Images that are not there any more, or cannot be read any more.</param>
/// <param name="Bad">Images that cannot be read.</param>
public sealed record UpdateCounts(long Encoded, long Taken, long Unchanged, long Removed, long Bad);

/// <summary>Gives image vectors [count, D] of pixels [count, S, S, 3].</summary>
internal delegate float[] EncodePixels(ReadOnlySpan<byte> pixels, int count);

/// <summary>
/// Brings one source of an index up to date. An image whose file has the size and time that the index has, and whose captions are the same,
/// is not opened; one whose bytes the index has is not encoded. Memory holds two batches of images, and some words per image of the index.
/// </summary>
internal sealed class IndexUpdate
{
    private static readonly TimeSpan CommitEvery = TimeSpan.FromSeconds(10);

    private readonly ImageIndexWriter _writer;
    private readonly int _source;
    private readonly ImageTransformConfig _transform;
    private readonly EncodePixels _encode;
    private readonly DataConfig _data;
    private readonly int _batchSize;
    private readonly IRunLog _log;
    private readonly ConcurrentBag<PhotoReader> _readers = []; // those that no thread uses
    private readonly DecodeOptions _decode;
    private readonly HashSet<UInt128> _seen = [];
    private readonly Lock _gate = new(); // of the writer, whose rows other threads look at while new ones come
    private long _encoded;
    private long _taken;
    private long _unchanged;
    private long _removed;

    /// <param name="writer">The index.</param>
    /// <param name="source">Number of the source in it.</param>
    /// <param name="transform">How images become pixels.</param>
    /// <param name="encode">The image encoder.</param>
    /// <param name="data">How images are decoded, and by how many threads.</param>
    /// <param name="batchSize">Images encoded at once.</param>
    /// <param name="log">Hears of progress and of bad images.</param>
    public IndexUpdate(
        ImageIndexWriter writer, int source, ImageTransformConfig transform, EncodePixels encode, DataConfig data, int batchSize,
        IRunLog log)
    {
        (_writer, _source, _transform, _encode) = (writer, source, transform, encode);
        (_data, _batchSize, _log) = (data, batchSize, log);
        _decode = data.DecodeOptions();
    }

    /// <summary>Looks through the source. Each of its images that is not there any more is taken out, when all were seen.</summary>
    /// <param name="source">The images.</param>
    /// <param name="isRepeatable">Whether it can be read twice: then the progress knows its end.</param>
    /// <param name="cancellation">Ends it between two batches; what was encoded is kept.</param>
    public UpdateCounts Run(ISampleSource source, bool isRepeatable, CancellationToken cancellation)
    {
        var total = isRepeatable ? Candidates(source, _ => { }, cancellation).LongCount() : 0;
        _seen.Clear();
        _unchanged = 0;
        var tally = new BadSampleTally(source.Description, maxShare: 1, _log);
        var lastCommit = Stopwatch.StartNew();
        using (var progress = total > 0 || !isRepeatable ? _log.Start("Index images", total, "images") : null)
        {
            using var batches = Candidates(source, tally.AddBad, cancellation).Chunk(_batchSize).GetEnumerator();
            var next = Next(batches, cancellation);
            while (next.GetAwaiter().GetResult() is { } batch)
            {
                next = Next(batches, cancellation);
                Add(batch, tally);
                progress?.Advance(batch.Candidates.Length);
                if (lastCommit.Elapsed > CommitEvery)
                {
                    _writer.Commit();
                    lastCommit.Restart();
                }
                cancellation.ThrowIfCancellationRequested();
            }
        }
        foreach (var (identity, _) in _writer.Images().Where(one => one.Image.Source == _source && !_seen.Contains(one.Identity)).ToList())
        {
            _writer.Remove(identity);
            _removed++;
        }
        _writer.Commit();
        var bad = tally.Bad;
        tally.Finish();
        return new UpdateCounts(_encoded, _taken, _unchanged, _removed, bad);
    }

    /// <summary>Images that are to be opened, each name once.</summary>
    private IEnumerable<Candidate> Candidates(ISampleSource source, Action<BadSample> onBad, CancellationToken cancellation)
    {
        for (var shard = 0; shard < source.ShardCount; shard++)
        {
            var (size, modified) = StampOf(source.ShardName(shard));
            foreach (var sample in source.ReadShard(shard, onBad, cancellation))
            {
                cancellation.ThrowIfCancellationRequested();
                var record = ImageRecord.Of(sample);
                var identity = record.Identity;
                if (!_seen.Add(identity))
                {
                    continue;
                }
                var stamp = record.IsFile ? StampOf(record.Path) : (size, modified);
                var row = new IndexRow
                {
                    Identity = identity, Captions = record.CaptionsHash, Source = _source, Size = stamp.Item1, Modified = stamp.Item2,
                };
                if (row.Modified != 0 && _writer.Find(identity) is { } known && known.Size == row.Size && known.Modified == row.Modified
                    && known.Captions == row.Captions)
                {
                    _unchanged++;
                    continue;
                }
                yield return new Candidate(sample, record, row);
            }
        }
    }

    /// <summary>Bytes and time of a file; zeros where there is none.</summary>
    private static (long Size, long Modified) StampOf(string path) =>
        new FileInfo(path) is { Exists: true } file ? (file.Length, file.LastWriteTimeUtc.Ticks) : (0, 0);

    /// <summary>The next batch, decoded by other threads.</summary>
    private Task<PhotoBatch?> Next(IEnumerator<Candidate[]> batches, CancellationToken cancellation)
    {
        if (!batches.MoveNext())
        {
            return Task.FromResult<PhotoBatch?>(null);
        }
        var candidates = batches.Current;
        return Task.Run<PhotoBatch?>(() => Read(candidates, cancellation), cancellation);
    }

    private PhotoBatch Read(Candidate[] candidates, CancellationToken cancellation)
    {
        var imageBytes = _transform.ImageSize * _transform.ImageSize * 3;
        var count = candidates.Length;
        var batch = new PhotoBatch(candidates, new Photo?[count], new bool[count], new BadSample?[count], new byte[imageBytes * count]);
        var workers = LoaderConfig.Threads(_data.Workers);
        var options = new ParallelOptions { MaxDegreeOfParallelism = workers, CancellationToken = cancellation };
        Parallel.For(
            0, count, options,
            () => _readers.TryTake(out var reader) ? reader : new PhotoReader(_transform, _decode, _writer.Manifest.ThumbnailSide),
            (place, _, reader) =>
            {
                var candidate = candidates[place];
                try
                {
                    var encoded = candidate.Sample.Image.Read();
                    var row = candidate.Row with { Content = PhotoReader.ContentOf(encoded) };
                    batch.Photos[place] = Known(row, candidate.Record, out batch.Same[place]);
                    if (batch.Photos[place] is null && !batch.Same[place])
                    {
                        var pixels = batch.Pixels.AsSpan(place * imageBytes, imageBytes);
                        batch.Photos[place] = reader.Read(row, candidate.Record, encoded, pixels);
                    }
                }
                catch (InputException error)
                {
                    batch.Bad[place] = BadSample.Of(candidate.Sample, error);
                }
                return reader;
            },
            _readers.Add);
        return batch;
    }

    /// <summary>
    /// What the index has of an image with the same bytes, under its present name; null where it has none, or where the image
    /// <paramref name="isSame"/> in all: then nothing is to be done.
    /// </summary>
    private Photo? Known(IndexRow row, ImageRecord record, out bool isSame)
    {
        lock (_gate)
        {
            isSame = _writer.Find(row.Identity) is { } known && known.Content == row.Content && known.Captions == row.Captions
                && known.Size == row.Size && known.Modified == row.Modified;
            return !isSame && _writer.Copy(row.Content) is var (same, vector, thumbnail)
                ? new Photo(
                    same with
                    {
                        Identity = row.Identity,
                        Captions = row.Captions,
                        Size = row.Size,
                        Modified = row.Modified,
                        Source = row.Source,
                    },
                    record, thumbnail, vector)
                : null;
        }
    }

    private void Add(PhotoBatch batch, BadSampleTally tally)
    {
        var vectors = Encode(batch);
        lock (_gate)
        {
            for (var place = 0; place < batch.Photos.Length; place++)
            {
                var candidate = batch.Candidates[place];
                tally.Add(candidate.Sample);
                if (batch.Same[place])
                {
                    _unchanged++;
                    continue;
                }
                if (batch.Photos[place] is { } photo)
                {
                    _writer.Add(photo.Row, photo.Vector ?? vectors[place], photo.Record.ToBytes(), photo.Thumbnail);
                    _ = photo.Vector is null ? _encoded++ : _taken++;
                    continue;
                }
                tally.TurnedBad(batch.Bad[place]!);
                if (_writer.Find(candidate.Row.Identity) is not null)
                {
                    _writer.Remove(candidate.Row.Identity);
                    _removed++;
                }
            }
        }
    }

    /// <summary>Vectors in fp16 of the images that were decoded.</summary>
    private Dictionary<int, byte[]> Encode(PhotoBatch batch)
    {
        var places = Enumerable.Range(0, batch.Photos.Length).Where(place => batch.Photos[place] is { Vector: null }).ToList();
        if (places.Count == 0)
        {
            return [];
        }
        var imageBytes = batch.Pixels.Length / batch.Photos.Length;
        for (var i = 0; i < places.Count; i++)
        {
            batch.Pixels.AsSpan(places[i] * imageBytes, imageBytes).CopyTo(batch.Pixels.AsSpan(i * imageBytes));
        }
        var rows = _encode(batch.Pixels.AsSpan(0, places.Count * imageBytes), places.Count);
        var dimension = rows.Length / places.Count;
        return places.Select((place, i) => (place, Half: ToHalf(rows.AsSpan(i * dimension, dimension), batch.Candidates[place])))
            .ToDictionary(one => one.place, one => one.Half);
    }

    private static byte[] ToHalf(ReadOnlySpan<float> vector, Candidate candidate)
    {
        if (!float.IsFinite(TensorPrimitives.SumOfMagnitudes(vector)))
        {
            throw new RunException(
                $"{candidate.Record.Path}: the student's vector of this image holds a value that is not finite. Check the student with "
                + "`llm2clip eval retrieval`.");
        }
        var half = new byte[vector.Length * 2];
        TensorPrimitives.ConvertToHalf(vector, MemoryMarshal.Cast<byte, Half>(half.AsSpan()));
        return half;
    }

    /// <summary>An image that is to be opened.</summary>
    private sealed record Candidate(Sample Sample, ImageRecord Record, IndexRow Row);

    /// <summary>Images of one step, in the order of the source: of each a photo, or that it is the same as before, or why there is none.
    /// </summary>
    private sealed record PhotoBatch(Candidate[] Candidates, Photo?[] Photos, bool[] Same, BadSample?[] Bad, byte[] Pixels);
}
