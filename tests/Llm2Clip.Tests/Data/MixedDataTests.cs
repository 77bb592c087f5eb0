using System.IO.Hashing;
using System.Text.Json;
using Llm2Clip.Configuration;
using Llm2Clip.Data;
using Llm2Clip.Data.Loading;
using Llm2Clip.Files;
using Llm2Clip.Images;
using Llm2Clip.Pipeline;

namespace Llm2Clip.Tests.Data;

/// <summary>Several data sets with weights: what an epoch has of each, and that a resumed run sees what a straight one does.</summary>
public sealed class MixedDataTests : IDisposable
{
    private const int BatchSize = 8;
    private readonly DataFolder _folder = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    /// <summary>30 of 10 images and 10 of 28: the small set is passed through three times per epoch, the large one once in 2.8.</summary>
    [Fact]
    public void EveryEpochHasTheShareOfEachSetAndNoImageComesTwiceBeforeAllCameOnce()
    {
        using var loader = Loader(Sets(("a", 10, 3), ("b", 28, 1)), samples: 40);
        Assert.Equal(5, loader.BatchesPerEpoch(Stop));
        var seen = new List<string>();
        for (var epoch = 0; epoch < 7; epoch++)
        {
            var keys = Drawn(loader, epoch).Select(drawn => drawn.Key).ToList();
            Assert.Equal((30, 10), (keys.Count(key => key[0] == 'a'), keys.Count(key => key[0] == 'b')));
            Assert.False(IsSorted(keys), "the sets take turns at random");
            seen.AddRange(keys);
        }
        foreach (var (set, size) in new[] { ('a', 10), ('b', 28) })
        {
            var passes = seen.Where(key => key[0] == set).Chunk(size).ToList();
            Assert.All(passes, pass => Assert.Equal(pass.Length, pass.Distinct().Count()));
            Assert.Equal(passes.Count, passes.Select(pass => string.Join(' ', pass)).Distinct().Count());
        }
    }

    [Fact]
    public void AnImageThatComesAgainInAnEpochIsCroppedAnewAndItsPassIsTold()
    {
        using var loader = Loader(Sets(("a", 10, 3), ("b", 28, 1)), samples: 40);
        foreach (var image in Drawn(loader, 0).Where(drawn => drawn.Key[0] == 'a').GroupBy(drawn => drawn.Key))
        {
            Assert.Equal([0, 1, 2], image.Select(drawn => drawn.Pass));
            Assert.Equal(3, image.Select(drawn => drawn.Pixels).Distinct().Count());
        }
    }

    [Fact]
    public void WithoutWeightsAnEpochHasAllOfEachSet()
    {
        using var loader = Loader(Sets(("a", 10, null), ("b", 30, null)));
        for (var epoch = 0; epoch < 2; epoch++)
        {
            Assert.Equal(40, Drawn(loader, epoch).Select(drawn => drawn.Key).Distinct().Count());
        }
        Assert.Contains(_folder.Lines, line => line.StartsWith("Each epoch draws 40 images: 10 (it has 10) of ", StringComparison.Ordinal));
    }

    [Fact]
    public void OneSetIsCountedInSamplesToo()
    {
        using var loader = Loader(Sets(("a", 20, null)), samples: 17); // two batches
        var keys = Enumerable.Range(0, 5).SelectMany(epoch => Drawn(loader, epoch)).Select(drawn => drawn.Key).ToList();
        Assert.Equal(80, keys.Count);
        Assert.All(keys.Chunk(20), pass => Assert.Equal(20, pass.Distinct().Count()));
    }

    /// <summary>
    /// Stopped anywhere, with other numbers of workers: by the positions of a checkpoint, and by the epoch alone, for which all before it
    /// is read.
    /// </summary>
    [Theory]
    [InlineData(1, true)]
    [InlineData(4, true)]
    [InlineData(4, false)]
    public void AResumedRunSeesWhatAnUninterruptedOneWould(int workers, bool positions)
    {
        var sets = Sets(("a", 10, 3), ("b", 28, 1));
        using var straight = Loader(sets, samples: 40, workers: 2);
        string[][] epochs = [.. Enumerable.Range(0, 4).Select(epoch => Lines(straight, epoch).ToArray())];
        for (var epoch = 0; epoch < 4; epoch++)
        {
            for (var skip = 0; skip <= 5; skip += epoch == 2 ? 1 : 5)
            {
                using var stopped = Loader(sets, samples: 40, workers: 3);
                for (var before = 0; before < epoch; before++)
                {
                    _ = Lines(stopped, before);
                }
                Assert.Equal(epochs[epoch][..skip], stopped.Epoch(epoch, 0, Stop).Take(skip).Select(Line));
                var stored = JsonSerializer.SerializeToNode(stopped.Starts, Json.File);

                using var resumed = Loader(sets, samples: 40, workers: workers);
                if (positions)
                {
                    resumed.StartFrom(stored.Deserialize<List<EpochStart>>(Json.File)!);
                }
                Assert.Equal(epochs[epoch][skip..], Lines(resumed, epoch, skip));
                if (epoch < 3)
                {
                    Assert.Equal(epochs[epoch + 1], Lines(resumed, epoch + 1));
                }
            }
        }
    }

    [Fact]
    public void AnEpochThatIsLeftEarlyBeginsAnew()
    {
        using var loader = Loader(Sets(("a", 10, 3), ("b", 28, 1)), samples: 40);
        _ = Lines(loader, 0);
        var first = Lines(loader, 1);
        loader.Epoch(1, 0, Stop).First().Dispose();
        Assert.Equal(first, Lines(loader, 1));
    }

    [Fact]
    public void TheSeedDecidesTheOrder()
    {
        var sets = Sets(("a", 10, 3), ("b", 28, 1));
        using var one = Loader(sets, samples: 40);
        using var same = Loader(sets, samples: 40);
        using var other = Loader(sets, samples: 40, seed: 2);
        var lines = Lines(one, 0);
        Assert.Equal(lines, Lines(same, 0));
        Assert.Empty(lines.Intersect(Lines(other, 0)));
    }

    /// <summary>Largest remainders, by hand: 10 by thirds is 3.33 each; 7 by 5:3:1 is 3.89, 2.33 and 0.78.</summary>
    [Theory]
    [InlineData(10, new[] { 1.0, 1, 1 }, new long[] { 4, 3, 3 })]
    [InlineData(7, new[] { 5.0, 3, 1 }, new long[] { 4, 2, 1 })]
    [InlineData(40, new[] { 0.3, 0.1 }, new long[] { 30, 10 })]
    [InlineData(3, new[] { 1e9, 1e-9 }, new long[] { 3, 0 })]
    public void SharesAreWholeNumbers(long sum, double[] weights, long[] shares) => Assert.Equal(shares, MixedPlan.Apportion(sum, weights));

    [Fact]
    public void BadImagesAreCountedBySet()
    {
        _folder.Shard("good.tar", "g", 16);
        _folder.Shard("bad.tar", "b", 16, bad: i => i < 4);
        var data = new DataConfig { MaxBadShare = 0.5, TrainSets = [Set("good.tar", 1), Set("bad.tar", 1)] };
        using var loader = Loader(Datasets.OpenTrainSets(data, _folder), samples: 32, data: data);
        var drawn = Enumerable.Range(0, 2).SelectMany(epoch => Drawn(loader, epoch)).ToList();
        Assert.Equal((32, 24), (drawn.Count(one => one.Key[0] == 'g'), drawn.Count(one => one.Key[0] == 'b')));
        Assert.Equal(2, _folder.Lines.Count(line => line.Contains("bad.tar (WebDataset", StringComparison.Ordinal)
            && line.Contains("4 of 16 records left out (25.00 %)", StringComparison.Ordinal)));
    }

    [Fact]
    public void EachSetHasAFormatAndCaptionFieldsOfItsOwn()
    {
        _folder.Shard("a.tar", "a", 3);
        File.WriteAllBytes(_folder["x.jpg"], DataFolder.Image(1));
        File.WriteAllText(_folder["list.csv"], "Aufnahme;Notiz\nx.jpg;ein Bild\n");
        var data = new DataConfig
        {
            TrainSets =
            [
                Set("a.tar", null),
                Set("list.csv", null) with
                {
                    Format = DatasetFormat.Csv, ImageKey = "Aufnahme", CaptionKeys = [new CaptionKey { Key = "Notiz", Language = "de" }],
                },
            ],
        };
        var sets = Datasets.OpenTrainSets(data, _folder);
        Assert.Equal([false, true], sets.Select(set => set.Data.For(set.Source).Upright));
        var captions = CaptionSurvey.Of(CaptionStream.Of(Datasets.OpenTrain(data, _folder), data, [], [], _folder, Stop));
        Assert.Equal("en (3 captions), de (1)", $"{captions}");
    }

    /// <summary>What a set says of itself wins over the data section, key by key.</summary>
    [Fact]
    public void EveryKeyOfASetReachesItsData()
    {
        var set = new TrainSetConfig
        {
            Path = "p", Weight = 2, Format = DatasetFormat.Csv, ImageRoot = "r", ImageKey = "i", Language = "fr", Kind = CaptionKind.Raw,
            CaptionKeys = [new CaptionKey { Key = "c" }], Upright = true,
        };
        var over = set.Within(new DataConfig { Workers = 3 });
        var under = new TrainSetConfig { Path = "p" }.Within(new DataConfig { Kind = CaptionKind.Long });
        Assert.Equal((3, CaptionKind.Long, DatasetFormat.Auto), (over.Workers, under.Kind!.Value, under.Format));
        foreach (var key in ConfigSchema.Of(typeof(TrainSetConfig)).Keys.Where(key => key.Name is not ("path" or "weight")))
        {
            var target = ConfigSchema.Of(typeof(DataConfig)).Find(key.Name)!;
            Assert.Equal(key.Property.GetValue(set), target.Property.GetValue(over));
        }
    }

    [Theory]
    [InlineData("[{path: a.tar, weight: 0}, {path: b.tar, weight: 1}]", "data.train_sets.0.weight is 0; it must be above 0. Leave")]
    [InlineData("[{path: a.tar, weight: -1}, {path: b.tar, weight: 1}]", "data.train_sets.0.weight is -1; it must be above 0")]
    [InlineData("[{path: a.tar, weight: 1}, {path: b.tar}]", "has a weight for some sets, and none for b.tar: give each set one, or none")]
    [InlineData("[{path: a.tar}, {path: a.tar}]", "data.train_sets names a.tar twice: name it once, with a larger weight")]
    [InlineData("[{weight: 1}]", "data.train_sets.0.path is empty")]
    [InlineData("[{path: a.tar}]\n  train: b.tar", "data.train_sets is given beside data.train, b.tar")]
    public void MistakesAreNamedBeforeAnythingIsOpened(string sets, string expected)
    {
        var error = Assert.Throws<ConfigException>(() => ConfigBinder.Parse<RunConfig>($"data:\n  train_sets: {sets}\n", "run.yaml"));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ASetWithoutImagesAndAWeightWithoutAnImageAreNamed()
    {
        var sets = Sets(("a", 10, 1), ("b", 10, 1));
        using var empty = new SampleLoader(sets, Config(), _folder, sample => sample.Key[0] == 'a', samples: 40);
        Assert.Contains(
            "data.train_sets.1 (" + _folder["b.tar"] + ") has no image with a caption that is drawn",
            Assert.Throws<InputException>(() => Lines(empty, 0)).Message, StringComparison.Ordinal);

        using var never = Loader(Sets(("c", 10, 1000), ("d", 10, 1)), samples: 40);
        Assert.Contains(
            "has a weight of 1, which is not one of the 40 images of an epoch",
            Assert.Throws<ConfigException>(() => never.BatchesPerEpoch(Stop)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ASetThatShrankSinceTheCheckpointIsNamed()
    {
        using var loader = Loader(Sets(("a", 10, 1), ("b", 10, 1)), samples: 16);
        loader.StartFrom([new EpochStart(3, [new SetPosition(2, 12), new SetPosition(1, 0)])]);
        Assert.Contains(
            "has 10 images with a caption that is drawn, and had more when the checkpoint was saved",
            Assert.Throws<InputException>(() => Lines(loader, 3)).Message, StringComparison.Ordinal);
    }

    private static bool IsSorted(List<string> keys) => keys.SkipWhile(key => key[0] == 'a').All(key => key[0] == 'b');

    private TrainSetConfig Set(string name, double? weight) => new() { Path = _folder[name], Weight = weight };

    private IReadOnlyList<TrainSet> Sets(params (string Key, int Images, double? Weight)[] sets)
    {
        foreach (var (key, images, _) in sets)
        {
            _folder.Shard(key + ".tar", key, images);
        }
        return Datasets.OpenTrainSets(new DataConfig { TrainSets = [.. sets.Select(set => Set(set.Key + ".tar", set.Weight))] }, _folder);
    }

    private static LoaderConfig Config(int workers = 2, long seed = 1, DataConfig? data = null) => LoaderConfig.ForTraining(
        (data ?? new DataConfig()) with { Workers = workers, Augment = new AugmentConfig { CropScaleMin = 0.3, Flip = 0.5 } },
        new ImageTransformConfig { ImageSize = 16 }, BatchSize, seed);

    private SampleLoader Loader(IReadOnlyList<TrainSet> sets, long samples = 0, int workers = 2, long seed = 1, DataConfig? data = null) =>
        new(sets, Config(workers, seed, data), _folder, samples: samples);

    private static List<(string Key, int Pass, string Pixels)> Drawn(SampleLoader loader, int epoch)
    {
        var drawn = new List<(string, int, string)>();
        foreach (var batch in loader.Epoch(epoch, 0, Stop))
        {
            var bytes = batch.PixelBytes / batch.Count;
            drawn.AddRange(batch.Samples.Select((sample, i) => (
                sample.Key, batch.Passes![i], Convert.ToHexString(XxHash128.Hash(batch.Pixels.AsSpan(i * bytes, bytes))))));
            batch.Dispose();
        }
        return drawn;
    }

    private static List<string> Lines(SampleLoader loader, int epoch, long skip = 0) => [.. loader.Epoch(epoch, skip, Stop).Select(Line)];

    /// <summary>A batch: index, keys with their passes, hash of the pixels.</summary>
    private static string Line(SampleBatch batch)
    {
        using (batch)
        {
            var keys = batch.Samples.Select((sample, i) => $"{sample.Key}/{batch.Passes![i]}");
            var hash = Convert.ToHexString(XxHash128.Hash(batch.Pixels.AsSpan(0, batch.PixelBytes)));
            return $"{batch.Index}: {string.Join(' ', keys)} {hash}";
        }
    }
}
