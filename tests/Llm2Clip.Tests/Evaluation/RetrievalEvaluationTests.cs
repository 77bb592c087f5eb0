using Llm2Clip.Data;
using Llm2Clip.Data.Loading;
using Llm2Clip.Evaluation;
using Llm2Clip.Images;
using Llm2Clip.Teachers.Adapter;

namespace Llm2Clip.Tests.Evaluation;

/// <summary>
/// Eight images of one flat color each; the "model" reads the color and the captions name it, so that every rank is known.
/// </summary>
public sealed class RetrievalEvaluationTests
{
    private sealed class Bytes(byte[] png) : IImageBytes
    {
        public byte[] Read() => png;
    }

    private sealed class Colors : ISampleSource
    {
        public int Reads { get; private set; }

        public string Description => "eight colors";

        public int ShardCount => 1;

        public string ShardName(int shard) => "colors";

        public IEnumerable<Sample> ReadShard(int shard, Action<BadSample> onBad, CancellationToken cancellation = default)
        {
            Reads++;
            for (var color = 0; color < 8; color++)
            {
                var pixels = new byte[8 * 8 * 3];
                for (var i = 0; i < pixels.Length; i++)
                {
                    pixels[i] = (byte)((color >> (i % 3)) % 2 * 255);
                }
                List<Caption> captions = [new($"{color}", "en", CaptionKind.Short), new($"long {color}", "en", CaptionKind.Long)];
                if (color < 4)
                {
                    captions.Add(new($"{color}", "zh", CaptionKind.Short));
                }
                yield return new Sample($"color-{color}", $"colors/{color}", captions,
                    new Bytes(ImageCodec.EncodePng(new RgbImage(8, 8, pixels))));
            }
        }
    }

    private static float[] Axis(int color, float sign) => [.. Enumerable.Range(0, 3).Select(bit => sign * (((color >> bit) % 2) - 0.5f))];

    private static EncodedImages Encode(Colors? source = null) => EncodedImages.Encode(
        source ?? new Colors(),
        new LoaderConfig { BatchSize = 3, Transform = new ImageTransformConfig { ImageSize = 8 } },
        batch => [.. Enumerable.Range(0, batch.Count)
            .SelectMany(i => Enumerable.Range(0, 3).Select(c => (batch.Pixels[(i * 8 * 8 * 3) + c] / 255f) - 0.5f))],
        SilentLog.Instance);

    // As is, Chinese captions point away from their image; with their own mean they point at it.
    private static float[] Embed(IReadOnlyList<string> texts, string language, CenteringMode mode) =>
        [.. texts.SelectMany(text => Axis(int.Parse(text.Split(' ')[^1]), language == "zh" && mode == CenteringMode.Training ? -1 : 1))];

    [Fact]
    public void TheDataIsReadOnce()
    {
        var source = new Colors();
        Assert.Equal(8, Encode(source).Samples.Count);
        Assert.Equal(1, source.Reads);
    }

    [Fact]
    public void RowsStandByLanguageAndMean()
    {
        var (rows, shown) = new RetrievalEvaluation(Encode(), new RetrievalConfig { ShownQueries = 2, ShownImages = 3 }, Embed)
            .Run(language => language == "zh");
        Assert.Equal(["en training", "zh training", "zh own"], rows.Select(row => $"{row.Language} {row.Mean}"));
        Assert.Equal([1.0, 0.0, 1.0], rows.Select(row => row.TextToImage.RecallAt1));
        Assert.Equal([16, 4, 4], rows.Select(row => row.TextToImage.Queries));
        Assert.Equal([8, 4, 4], rows.Select(row => row.ImageToText.Queries));
        Assert.Equal([null, 1.0, 1.0], rows.Select(row => row.ShareOfReference));

        Assert.Equal(["en", "en", "zh", "zh"], shown.Select(query => query.Language));
        Assert.All(shown, query => Assert.Equal(1, query.Rank));
        Assert.All(shown, query => Assert.True(query.Hits[0].IsOwn));
        Assert.All(shown, query => Assert.Equal(3, query.Hits.Count));
        Assert.All(shown, query => Assert.Equal([0xFF, 0xD8], query.Hits[0].Jpeg[..2]));
    }

    /// <summary>Of each row, captions first: key, number among the image's captions, words and rank, also read from their file.</summary>
    [Fact]
    public void RanksAreKeptByQuery()
    {
        var (rows, _) = new RetrievalEvaluation(Encode(), new RetrievalConfig(), Embed).Run(language => language == "zh");
        var english = rows[0].Ranks;
        Assert.Equal(16 + 8, english.Count);
        Assert.Equal(new QueryRank(SearchSide.TextToImage, "color-0", 0, 1, 1), english[0]);
        Assert.Equal(new QueryRank(SearchSide.TextToImage, "color-0", 1, 2, 1), english[1]);
        Assert.Equal(new QueryRank(SearchSide.ImageToText, "color-7", 0, 0, 1), english[^1]);
        Assert.Equal(rows[1].TextToImage.MedianRank, rows[1].Ranks.Where(query => query.Side == SearchSide.TextToImage)
            .Select(query => query.Rank).Order().Skip(1).Take(2).Average());

        var file = Path.Combine(Directory.CreateTempSubdirectory("llm2clip-ranks").FullName, QueryRanks.FileName);
        QueryRanks.Write(file, rows);
        var read = QueryRanks.Read(file);
        Assert.Equal(
            [new("en", "training", 0), new("zh", "training", 0), new("zh", "own", 0)], read.Keys);
        Assert.All(rows, row => Assert.Equal(row.Ranks, read[new RankedRow(row.Language, row.Mean, 0)]));
        Directory.Delete(Path.GetDirectoryName(file)!, recursive: true);
    }

    /// <summary>
    /// The left half of the stored image is black, the right one white; its EXIF orientation (6) turns it by 90 degrees: black above.
    /// </summary>
    [Fact]
    public void ImagesAreShownAsTheModelSawThem()
    {
        var pixels = new byte[32 * 32 * 3];
        for (var i = 0; i < pixels.Length; i++)
        {
            pixels[i] = (byte)(i / 3 % 32 < 16 ? 0 : 255);
        }
        var jpeg = ImageCodec.EncodeJpeg(new RgbImage(32, 32, pixels), 95);
        byte[] exif = [0xFF, 0xE1, 0, 34, .. "Exif\0\0II*\0"u8, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0];
        var source = new One(new Bytes([.. jpeg[..2], .. exif, .. jpeg[2..]]));

        Assert.Equal((true, false), Halves(new DataConfig())); // black on the left
        Assert.Equal((false, true), Halves(new DataConfig { Upright = true })); // black above

        // Whether the corner below on the left is black, and the one above on the right.
        (bool Below, bool Right) Halves(DataConfig data)
        {
            var loader = new LoaderConfig { BatchSize = 1, Transform = new ImageTransformConfig { ImageSize = 8 }, Data = data };
            var images = EncodedImages.Encode(source, loader, _ => [1, 0, 0], SilentLog.Instance);
            var (_, shown) = new RetrievalEvaluation(images, new RetrievalConfig { ShownQueries = 1, ShownImages = 1 }, (_, _, _) =>
                [1, 0, 0]).Run(_ => false);
            var seen = ImageCodec.Decode(shown[0].Hits[0].Jpeg, "thumbnail");
            return (seen.Pixels[(seen.Height - 5) * seen.Width * 3 + 15] < 50, seen.Pixels[(5 * seen.Width + seen.Width - 5) * 3] < 50);
        }
    }

    private sealed class One(IImageBytes image) : ISampleSource
    {
        public string Description => "one image";

        public int ShardCount => 1;

        public string ShardName(int shard) => "one";

        public IEnumerable<Sample> ReadShard(int shard, Action<BadSample> onBad, CancellationToken cancellation = default) =>
            [new Sample("one", "one", [new Caption("an image", "en", CaptionKind.Short)], image)];
    }

    [Fact]
    public void ABankGivesItsLanguageAFurtherRow()
    {
        var config = new RetrievalConfig { ShownQueries = 0, Means = MeanChoice.Training, Querybank = new QuerybankConfig { Size = 3 } };
        var banks = new Dictionary<string, IReadOnlyList<string>> { ["en"] = ["a 1", "a 2", "a 5"] };
        var (rows, _) = new RetrievalEvaluation(Encode(), config, Embed, banks).Run(_ => false);
        Assert.Equal(["training", "training, QB-Norm", "training"], rows.Select(row => row.Name));
        Assert.Equal([0, 3, 0], rows.Select(row => row.Querybank));
        Assert.Equal(rows[0].ImageToText.Recalls, rows[1].ImageToText.Recalls);
        Assert.Null(rows[1].ShareOfReference);
    }

    [Fact]
    public void KindsAndMeansAreChosen()
    {
        var config = new RetrievalConfig { Kinds = [CaptionKind.Long], Languages = ["en"], Means = MeanChoice.Training, ShownQueries = 0 };
        var (rows, _) = new RetrievalEvaluation(Encode(), config, Embed).Run(_ => true);
        Assert.Equal(8, Assert.Single(rows).TextToImage.Queries);
    }

    [Fact]
    public void ALanguageThatTheDataHasNotGotIsNamed()
    {
        var evaluation = new RetrievalEvaluation(Encode(), new RetrievalConfig { Languages = ["en", "fr"] }, Embed);
        Assert.Equal("eval.languages: the data has no captions in fr; it has en, zh.",
            Assert.Throws<InputException>(() => evaluation.Run(_ => false)).Message);
    }
}
