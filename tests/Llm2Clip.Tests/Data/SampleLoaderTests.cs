using System.IO.Hashing;
using Llm2Clip.Data;
using Llm2Clip.Data.Loading;
using Llm2Clip.Images;

namespace Llm2Clip.Tests.Data;

public sealed class SampleLoaderTests : IDisposable
{
    private static readonly ImageTransformConfig Small = new() { ImageSize = 16 };
    private static readonly AugmentConfig Strong =
        new() { CropScaleMin = 0.3, Flip = 0.5, Brightness = 0.3, Contrast = 0.3, Saturation = 0.3 };
    private readonly DataFolder _folder = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void BatchesAreTheSameWhateverTheNumberOfWorkers()
    {
        ThreeShards();
        var one = Run(Training(workers: 1), epochs: 2);
        Assert.Equal(one, Run(Training(workers: 2), epochs: 2));
        Assert.Equal(one, Run(Training(new DataConfig { Workers = 7, Prefetch = 1 }), epochs: 2));
    }

    [Fact]
    public void SeedAndEpochChangeOrderAndCrops()
    {
        ThreeShards();
        var first = Run(Training(), epochs: 2);
        var other = Run(Training() with { Seed = 2 }, epochs: 2);
        Assert.Equal(first.Count, other.Count);
        Assert.Empty(first.Intersect(other));
        Assert.Equal(first.Count, first.Distinct().Count());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(1000)]
    public void AnEpochHoldsEverySampleOnceWhateverTheBuffer(int buffer)
    {
        ThreeShards();
        using var loader = new SampleLoader(_folder.Open("s?.tar"),
            Training(new DataConfig { Workers = 2, ShuffleBuffer = buffer }) with { DropLast = false }, _folder);
        for (var epoch = 0; epoch < 2; epoch++)
        {
            var keys = Keys(loader, epoch);
            Assert.Equal(36, keys.Count);
            Assert.Equal(36, keys.Distinct().Count());
            Assert.NotEqual(keys.Order(StringComparer.Ordinal), keys);
        }
    }

    [Fact]
    public void SkippingEqualsGoingStraight()
    {
        ThreeShards();
        var straight = Run(Training(), epochs: 2);
        for (var skip = 0; skip <= straight.Count / 2; skip++)
        {
            using var resumed = new SampleLoader(_folder.Open("s?.tar"), Training(), _folder);
            Assert.Equal(straight.Skip(straight.Count / 2 + skip), Batches(resumed, 1, skip));
        }
    }

    [Fact]
    public void TheCacheChangesNoPixelAndTheShrunkCacheOnlyALittle()
    {
        _folder.Shard("s1.tar", "a", 12, width: 64, height: 48);
        var config = Training() with { Augment = new AugmentConfig { CropScaleMin = 0.5 } };
        var plain = Pixels(config);
        Assert.Equal(plain, Pixels(config with { Data = config.Data with { ImageCacheMb = 1 } }));
        var shrunk = Pixels(config with { Data = config.Data with { ImageCacheMb = 1, ImageCacheSide = 32 } });
        Assert.Equal(shrunk, Pixels(config with { Data = config.Data with { ImageCacheSide = 32 } })); // what is in the cache must not show
        // Bound: the same part of the scene from an image of half the size; photos at 128 to 96 differ by 1.9 levels (docs/data.md).
        var mean = plain.Zip(shrunk, (a, b) => Math.Abs(a - b)).Average();
        Assert.InRange(mean, 0.01, 2);
    }

    [Fact]
    public void ACacheThatIsTooSmallKeepsWhatFits()
    {
        _folder.Shard("s1.tar", "a", 12, width: 400, height: 300);
        using var loader = new SampleLoader(_folder.Open("s1.tar"), Training(new DataConfig { Workers = 2, ImageCacheMb = 1 }), _folder);
        var first = Batches(loader, 0);
        Assert.Equal(first, Batches(loader, 0));
        var cache = new ImageCache(1 << 20);
        foreach (var origin in new[] { "a", "b", "c" })
        {
            cache.Offer(origin, new DecodedImage(new RgbImage(400, 300, new byte[360_000]), 400, 300));
        }
        Assert.Equal([true, true, false], new[] { "a", "b", "c" }.Select(origin => cache.Find(origin) is not null));
    }

    [Fact]
    public void EvaluationKeepsOrderAndLastBatch()
    {
        ThreeShards();
        var config = LoaderConfig.ForEvaluation(new DataConfig(), Small, 8);
        using var loader = new SampleLoader(_folder.Open("s?.tar"), config, _folder);
        Assert.Equal(5, loader.BatchesPerEpoch(Stop));
        var pipeline = new ImagePipeline(Small);
        var expected = _folder.ReadAll("s?.tar");
        var seen = 0;
        foreach (var batch in loader.Epoch(0, 0, Stop))
        {
            using (batch)
            {
                Assert.Equal(batch.Index == 4 ? 4 : 8, batch.Count);
                for (var i = 0; i < batch.Count; i++, seen++)
                {
                    Assert.Equal(expected[seen].Key, batch.Samples[i].Key);
                    Assert.Equal(pipeline.Eval(expected[seen].Image.Read(), "x"),
                        batch.Pixels.AsSpan(i * pipeline.OutputBytes, pipeline.OutputBytes));
                }
            }
        }
        Assert.Equal(36, seen);
    }

    [Fact]
    public void KeepLeavesSamplesOutBeforeTheyAreDecoded()
    {
        _folder.Shard("s1.tar", "a", 10, bad: i => i % 2 == 1);
        using var loader = new SampleLoader(_folder.Open("s1.tar"), LoaderConfig.ForEvaluation(new DataConfig(), Small, 4), _folder,
            sample => (sample.Key[1] - '0') % 2 == 0);
        Assert.Equal(["a0", "a2", "a4", "a6", "a8"], Keys(loader, 0));
        Assert.Equal(5, loader.CountSamples(Stop));
    }

    [Fact]
    public void BadImagesShortenTheirBatchAndAreNamed()
    {
        _folder.Shard("s1.tar", "a", 12, bad: i => i is 1 or 4 or 5 or 6 or 7);
        var config = LoaderConfig.ForEvaluation(new DataConfig { MaxBadShare = 0.5 }, Small, 4);
        using var loader = new SampleLoader(_folder.Open("s1.tar"), config, _folder);
        var batches = loader.Epoch(0, 0, Stop)
            .Select(batch => (batch.Index, Keys: string.Join(' ', batch.Samples.Select(sample => sample.Key)))).ToList();
        Assert.Equal([(0, "a0 a2 a3"), (2, "a8 a9 a10 a11")], batches);
        Assert.Contains(_folder.Lines, line => line.Contains("s1.tar: a4.jpg: not a jpg, png, webp, gif, tiff or avif image; left out"));
        Assert.Contains(_folder.Lines, line => line.Contains("5 of 12 records left out (41.67 %): 5 with something that is no image;"));
        // The pixels moved together with their records.
        var pipeline = new ImagePipeline(Small);
        using var batch = loader.Epoch(0, 0, Stop).First();
        Assert.Equal(pipeline.Eval(batch.Samples[1].Image.Read(), "x"), batch.Pixels.AsSpan(pipeline.OutputBytes, pipeline.OutputBytes));
    }

    [Fact]
    public void PastTheBadShareTheRunStops()
    {
        _folder.Shard("s1.tar", "a", 12, bad: i => i == 3);
        using var loader = new SampleLoader(_folder.Open("s1.tar"), LoaderConfig.ForEvaluation(new DataConfig(), Small, 4), _folder);
        var error = Assert.Throws<InputException>(() => Keys(loader, 0));
        Assert.Contains("1 of 12 records are bad", error.Message);
        Assert.Contains("a3.jpg", error.Message);
        Assert.Contains("data.max_bad_share", error.Message);
    }

    [Fact]
    public void ADamagedShardStopsTheLoopAfterTheBatchesBeforeIt()
    {
        _folder.Shard("s1.tar", "a", 8);
        _folder.Shard("s2.tar", "b", 8);
        using (var file = File.OpenWrite(_folder["s2.tar"]))
        {
            file.SetLength(700);
        }
        using var loader = new SampleLoader(_folder.Open("s?.tar"), LoaderConfig.ForEvaluation(new DataConfig(), Small, 4), _folder);
        var keys = new List<string>();
        var error = Assert.Throws<InputException>(() =>
        {
            foreach (var batch in loader.Epoch(0, 0, Stop))
            {
                keys.AddRange(batch.Samples.Select(sample => sample.Key));
                batch.Dispose();
            }
        });
        Assert.Contains("s2.tar: damaged tar at byte", error.Message);
        Assert.Equal(8, keys.Count);
    }

    [Fact]
    public void CancellingAndLeavingEarlyStopTheThreads()
    {
        ThreeShards();
        using var loader = new SampleLoader(_folder.Open("s?.tar"), Training(workers: 3), _folder);
        using var cancel = new CancellationTokenSource();
        Assert.ThrowsAny<OperationCanceledException>(() =>
        {
            foreach (var batch in loader.Epoch(0, 0, cancel.Token))
            {
                batch.Dispose();
                cancel.Cancel();
            }
        });
        loader.Epoch(0, 0, Stop).First().Dispose(); // returns only when all threads have been joined
    }

    [Fact]
    public void BuffersAreUsedAgain()
    {
        ThreeShards();
        using var loader = new SampleLoader(_folder.Open("s?.tar"), Training(new DataConfig { Workers = 2, Prefetch = 2 }), _folder);
        var buffers = new HashSet<byte[]>(ReferenceEqualityComparer.Instance);
        for (var epoch = 0; epoch < 4; epoch++)
        {
            foreach (var batch in loader.Epoch(epoch, 0, Stop))
            {
                buffers.Add(batch.Pixels);
                batch.Dispose();
                Assert.Empty(batch.Pixels);
            }
        }
        Assert.InRange(buffers.Count, 1, 4); // prefetched, in work, in the consumer's hands; not one a batch (12)
    }

    [Theory]
    [InlineData(null, 32, 4)]
    [InlineData(null, 1000, 2)]
    [InlineData(null, 4096, 1)]
    [InlineData(3, 4096, 3)]
    public void LargeBatchesAreNotDecodedFarAhead(int? prefetch, int batchSize, int expected) => Assert.Equal(
        expected, LoaderConfig.ForEvaluation(new DataConfig { Prefetch = prefetch }, Small, batchSize).Ahead);

    private void ThreeShards()
    {
        _folder.Shard("s1.tar", "a", 12);
        _folder.Shard("s2.tar", "b", 12);
        _folder.Shard("s3.tar", "c", 12);
    }

    private static LoaderConfig Training(int workers = 2) => Training(new DataConfig { Workers = workers });

    private static LoaderConfig Training(DataConfig data) =>
        LoaderConfig.ForTraining(data with { Augment = Strong }, Small, batchSize: 8, seed: 1);

    private List<string> Run(LoaderConfig config, int epochs)
    {
        using var loader = new SampleLoader(_folder.Open("s?.tar"), config, _folder);
        return [.. Enumerable.Range(0, epochs).SelectMany(epoch => Batches(loader, epoch))];
    }

    /// <summary>One line a batch: index, keys, hash of the pixels.</summary>
    private static List<string> Batches(SampleLoader loader, int epoch, long skip = 0)
    {
        var lines = new List<string>();
        foreach (var batch in loader.Epoch(epoch, skip, Stop))
        {
            var hash = Convert.ToHexString(XxHash128.Hash(batch.Pixels.AsSpan(0, batch.PixelBytes)));
            lines.Add($"{batch.Index}: {string.Join(' ', batch.Samples.Select(sample => sample.Key))} {hash}");
            batch.Dispose();
        }
        return lines;
    }

    private byte[] Pixels(LoaderConfig config)
    {
        using var loader = new SampleLoader(_folder.Open("s1.tar"), config, _folder);
        return [.. Enumerable.Range(0, 2).SelectMany(epoch => loader.Epoch(epoch, 0, Stop))
            .SelectMany(batch => batch.Pixels[..batch.PixelBytes])];
    }

    private static List<string> Keys(SampleLoader loader, int epoch)
    {
        var keys = new List<string>();
        foreach (var batch in loader.Epoch(epoch, 0, Stop))
        {
            keys.AddRange(batch.Samples.Select(sample => sample.Key));
            batch.Dispose();
        }
        return keys;
    }
}
