using Llm2Clip.Data;
using Llm2Clip.Teachers.Adapter;
using Llm2Clip.Teachers.Store;
using Llm2Clip.Training.Stage1;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Training;

public sealed class CcImagesTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("images-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void GroupsThatShareTwoCaptionsAreOneImage()
    {
        var images = Read(
            [
                ("a", ["A dog runs .", "Two dogs!", "a brown dog"]),
                ("b", ["A cat", "two dogs"]), // One shared caption proves nothing.
                ("single", ["Alone"]),
                ("a-again", ["a dog runs", "Two dogs .", "A dog in the snow"]),
            ],
            []);
        Assert.Equal((2, 6, 1, 1), (images.Count, images.Captions, images.Merged, images.Single));
        Assert.Equal(4, images[0].Length);
        Assert.Equal(images[0][1].Wording, images[1][1].Wording); // "Two dogs!" and "two dogs" say the same.
        Assert.Equal([0, 0, 0, 0, 1, 1], Enumerable.Range(0, 6).Select(images.ImageOf));
    }

    [Fact]
    public void HeldOutImagesStayOutWhereverTheyTurnUp()
    {
        var images = Read([("a", ["one", "two"]), ("b", ["three", "four"]), ("c", ["five", "six"]),
            ("b-elsewhere", ["Three!", "Four!", "seven"])], ["b"]);
        Assert.Equal((2, 4), (images.Count, images.Captions));
    }

    [Fact]
    public void TrainingNeedsPairs() =>
        Assert.Contains("two captions", Assert.Throws<InputException>(() => Read([("a", ["one", "two"]), ("b", ["three"])], [])).Message);

    [Fact]
    public void BatchesPairTwoCaptionsOfEachImageAndFollowTheSeed()
    {
        var (images, raw) = Many(50, 4);
        using var store = raw;
        var means = new LanguageMeans(new float[4], []);
        var batches = new CcBatches(images, store, means, Centering.None, 16, seed: 5);
        Assert.Equal(3, batches.Pairs.PerEpoch);
        var seen = new HashSet<long>();
        foreach (var batch in batches.Pairs.Epoch(2, null))
        {
            for (var i = 0; i < batch.Images; i++)
            {
                Assert.Equal(batch.ImageOf[i], batch.ImageOf[batch.Images + i]);
                Assert.Equal(batch.ImageOf[i], images.ImageOf(batch.Captions[i]));
                Assert.Equal(batch.ImageOf[i], images.ImageOf(batch.Captions[batch.Images + i]));
                Assert.NotEqual(batch.Captions[i], batch.Captions[batch.Images + i]);
                Assert.True(seen.Add(batch.ImageOf[i]));
            }
        }
        var again = new CcBatches(images, store, means, Centering.None, 16, seed: 5).Pairs.Epoch(2, null).First();
        Assert.Equal(batches.Pairs.Epoch(2, null).First().Captions, again.Captions);
        Assert.NotEqual(batches.Pairs.Epoch(3, null).First().Captions, again.Captions);
    }

    [Fact]
    public void HardNegativesAreTheNearestCaptionsOfOtherImages()
    {
        var (images, raw) = Many(30, 3);
        using var store = raw;
        var batches = new CcBatches(images, store, new LanguageMeans(new float[4], []), Centering.None, 8, seed: 1);
        var asked = new List<int[]>();
        Tensor Embed(int[] captions)
        {
            asked.Add(captions);
            return batches.Vectors(captions, CPU);
        }
        var mined = HardNegatives.Mine(images, 4, 1000, 7, Embed, TestContext.Current.CancellationToken);
        var queries = asked[^1];
        Assert.Equal(30, queries.Length);
        for (var image = 0; image < 30; image++)
        {
            Assert.Equal(image, images.ImageOf(queries[image]));
            var query = Vector(queries[image]);
            var own = images[image].ToArray().Select(caption => caption.Wording).ToHashSet();
            var expected = Enumerable.Range(0, images.Captions)
                .Where(c => images.ImageOf(c) != image && !own.Contains(images.All[c].Wording))
                .OrderByDescending(c => Cosine(query, Vector(c))).Take(4).ToArray();
            Assert.Equal(expected, mined.Of(image).ToArray());
        }
        Assert.DoesNotContain(-1, mined.Of(0).ToArray());

        float[] Vector(int caption)
        {
            var vector = new float[4];
            store.Read(images.All[caption].Row, vector);
            return vector;
        }
    }

    private static double Cosine(float[] a, float[] b) =>
        a.Zip(b, (x, y) => (double)x * y).Sum() / Math.Sqrt(a.Sum(x => (double)x * x) * b.Sum(x => (double)x * x));

    /// <summary>Images whose captions are all different, with random vectors of 4 elements.</summary>
    private (CcImages Images, EmbeddingStore Raw) Many(int count, int captions)
    {
        var groups = Enumerable.Range(0, count)
            .Select(p => ($"p{p}", Enumerable.Range(0, captions).Select(c => $"image {p} caption {c}").ToArray())).ToArray();
        var images = Read(groups, []);
        return (images, EmbeddingStore.Open(Path.Combine(_root, "raw")));
    }

    private CcImages Read((string Key, string[] Captions)[] groups, string[] heldOut)
    {
        var folder = Path.Combine(_root, "raw");
        var texts = groups.SelectMany(group => group.Captions).ToList();
        using (var writer = EmbeddingStore.Create(folder, "t", 4, VectorType.Fp32))
        {
            var random = new Random(3);
            writer.Append(texts, [.. texts.SelectMany(_ => Enumerable.Range(0, 4).Select(_ => random.NextSingle() - 0.5f))]);
        }
        using var store = EmbeddingStore.Open(folder);
        var images = new CcImages();
        foreach (var (key, captions) in groups)
        {
            images.Add(new CaptionGroup(key, [.. captions.Select(text => new Caption(text, "en", CaptionKind.Short))]), store,
                heldOut.Contains(key));
        }
        images.Finish();
        return images;
    }
}
