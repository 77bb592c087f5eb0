using Llm2Clip.Data;
using Llm2Clip.Images;
using Llm2Clip.Search;
using Llm2Clip.Tests.Data;

namespace Llm2Clip.Tests.Search;

/// <summary>Which images an update opens, encodes and takes out. The encoder gives an image's mean color.</summary>
public sealed class IndexUpdateTests : IDisposable
{
    private static readonly ImageTransformConfig Transform = new() { ImageSize = 16 };

    private readonly DataFolder _folder = new();
    private readonly DataConfig _data = new() { Workers = 2 };
    private int _encoded;

    public void Dispose() => _folder.Dispose();

    private string Index => _folder["index"];

    [Fact]
    public void OnlyWhatIsNewOrChangedIsEncoded()
    {
        Photo("a.jpg", 1);
        Photo("trip/b.jpg", 2);
        Photo("trip/c.jpg", 3);
        Assert.Equal(new UpdateCounts(3, 0, 0, 0, 0), Update());
        Assert.Equal(3, _encoded);
        Assert.Equal(new UpdateCounts(0, 0, 3, 0, 0), Update());

        Photo("a.jpg", 4); // other bytes
        File.SetLastWriteTimeUtc(_folder["photos/trip/b.jpg"], new DateTime(2020, 1, 2, 3, 4, 5)); // the same bytes
        File.Move(_folder["photos/trip/c.jpg"], _folder["photos/d.jpg"]);
        Assert.Equal(new UpdateCounts(1, 2, 0, 1, 0), Update());
        Assert.Equal(4, _encoded);
        Assert.Equal(new UpdateCounts(0, 0, 3, 0, 0), Update());
        Assert.Equal([PathOf("a.jpg"), PathOf("d.jpg"), PathOf("trip/b.jpg")], Paths());

        // What was taken out is known until the index is compacted.
        Photo("a.jpg", 1);
        Assert.Equal(new UpdateCounts(0, 1, 2, 0, 0), Update());
        IndexUpkeep.Compact(Index, TestContext.Current.CancellationToken);
        Photo("a.jpg", 4);
        Assert.Equal(new UpdateCounts(1, 0, 2, 0, 0), Update());
    }

    [Fact]
    public void ABadImageCostsALine()
    {
        Photo("a.jpg", 1);
        File.WriteAllText(PathOf("b.jpg"), "not an image");
        File.WriteAllBytes(PathOf("c.jpg"), []);
        File.WriteAllBytes(PathOf("d.jpg"), DataFolder.Image(2)[..200]);
        Assert.Equal(new UpdateCounts(1, 0, 0, 0, 3), Update());
        foreach (var name in new[] { "b.jpg", "c.jpg", "d.jpg" })
        {
            Assert.Contains(_folder.Lines, line => line.StartsWith($"warning: {PathOf(name)}: ", StringComparison.Ordinal));
        }
        File.WriteAllText(PathOf("a.jpg"), "not an image either");
        Assert.Equal(new UpdateCounts(0, 0, 0, 1, 4), Update());
        Assert.Empty(Paths());
    }

    [Fact]
    public void CaptionsAreKeptAndTheirChangeIsSeen()
    {
        Photo("a.jpg", 1);
        Photo("b.jpg", 2);
        void List(string caption) => File.WriteAllText(PathOf("captions.csv"), $"image,caption\na.jpg,{caption}\nb.jpg,second\n");
        List("first");
        Assert.Equal(new UpdateCounts(2, 0, 0, 0, 0), Update());
        List("other");
        Assert.Equal(new UpdateCounts(0, 1, 1, 0, 0), Update());
        using var index = ImageIndex.Open(Index);
        Assert.Equal(["other", "second"], index.Locators().Select(locator => index.Record(locator).Captions[0].Text).Order());
    }

    /// <summary>Images inside a tar have its size and time; a source's update leaves those of others alone.</summary>
    [Fact]
    public void ATarBesideAFolder()
    {
        Photo("a.jpg", 1);
        Tar(3);
        Assert.Equal(new UpdateCounts(1, 0, 0, 0, 0), Update());
        Assert.Equal(new UpdateCounts(3, 0, 0, 0, 0), Update("tars/*.tar"));
        Assert.Equal(new UpdateCounts(0, 0, 3, 0, 0), Update("tars/*.tar"));
        Tar(2);
        Assert.Equal(new UpdateCounts(0, 2, 0, 1, 0), Update("tars/*.tar"));
        Assert.Equal(new UpdateCounts(0, 0, 1, 0, 0), Update());
        Assert.Equal([PathOf("a.jpg"), $"{_folder["tars/t.tar"]}: k0.jpg", $"{_folder["tars/t.tar"]}: k1.jpg"], Paths());

        void Tar(int images)
        {
            Directory.CreateDirectory(_folder["tars"]);
            _folder.Shard("tars/t.tar", "k", images);
        }
    }

    /// <summary>The vector is the encoder's, in fp16; the thumbnail is the image, upright and as large as asked for.</summary>
    [Fact]
    public void VectorThumbnailDateAndPlace()
    {
        Directory.CreateDirectory(PathOf(""));
        var stored = DataFolder.Image(5, width: 400, height: 300);
        File.WriteAllBytes(PathOf("a.jpg"), ExifBytes.Into(stored, 6, "2021:05:06 07:08:09", ('S', [33, 30, 0], 'E', [151, 15, 0])));
        Update();
        using var index = ImageIndex.Open(Index);
        var locator = Assert.Single(index.Locators());
        var row = index.Row(locator);
        Assert.Equal((300, 400), (row.Width, row.Height));
        Assert.Equal(new DateTime(2021, 5, 6, 7, 8, 9), row.Date);
        Assert.Equal((-33.5f, 151.25f), (row.Latitude, row.Longitude));

        var upright = ImageCodec.Decode(File.ReadAllBytes(PathOf("a.jpg")), "a", new DecodeOptions { Upright = true });
        var thumbnail = ImageCodec.Decode(index.Thumbnail(locator), "thumbnail");
        Assert.Equal((48, 64), (thumbnail.Width, thumbnail.Height));
        var expected = upright.Resize(48, 64);
        var difference = Difference(expected, thumbnail); // WebP keeps colors at half the resolution
        Assert.True(20 * difference < Difference(Orientation.Apply(expected, 3), thumbnail), $"{difference}");
        Assert.True(20 * difference < Difference(Orientation.Apply(expected, 4), thumbnail), $"{difference}");

        var pixels = new ImagePipeline(Transform, decode: new DecodeOptions { Upright = true }).Eval(File.ReadAllBytes(PathOf("a.jpg")), "a");
        Assert.Equal(MeanColor(pixels).Select(value => (Half)value), index.Vector(locator).ToArray());
    }

    /// <summary>Vectors of images that are decoded in another way would not be comparable.</summary>
    [Fact]
    public void AnotherDecodingIsRefused()
    {
        Photo("a.jpg", 1);
        Update();
        var refused = Assert.Throws<ConfigException>(() => Update(data: _data with { Upright = false }));
        Assert.Contains("were decoded with", refused.Message, StringComparison.Ordinal);
    }

    private UpdateCounts Update(string pattern = "photos", DataConfig? data = null)
    {
        var full = ShardPattern.FullPath(_folder[pattern]);
        var source = Datasets.OpenImages(full, _data, _folder);
        var config = (data ?? _data).For(source);
        using var writer = ImageIndexWriter.Open(Index, IndexCases.Model with { Dimension = 3 }, 64);
        var number = writer.Source(new IndexSource(full, config.DecodeOptions()));
        return new IndexUpdate(writer, number, Transform, Encode, config, 2, _folder)
            .Run(source, true, TestContext.Current.CancellationToken);
    }

    private float[] Encode(ReadOnlySpan<byte> pixels, int count)
    {
        _encoded += count;
        var vectors = new List<float>();
        for (var i = 0; i < count; i++)
        {
            vectors.AddRange(MeanColor(pixels.Slice(i * 16 * 16 * 3, 16 * 16 * 3)));
        }
        return [.. vectors];
    }

    private static double Difference(RgbImage one, RgbImage other) =>
        one.Pixels.Zip(other.Pixels, (x, y) => (double)(x - y) * (x - y)).Average();

    private static float[] MeanColor(ReadOnlySpan<byte> pixels)
    {
        var sums = new float[3];
        for (var i = 0; i < pixels.Length; i++)
        {
            sums[i % 3] += pixels[i];
        }
        for (var c = 0; c < sums.Length; c++)
        {
            sums[c] = sums[c] / pixels.Length * 3 / 255;
        }
        return sums;
    }

    private string PathOf(string name) => _folder[$"photos/{name}"];

    private void Photo(string name, int seed)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(PathOf(name))!);
        File.WriteAllBytes(PathOf(name), DataFolder.Image(seed, 40 + seed));
    }

    private string[] Paths()
    {
        using var index = ImageIndex.Open(Index);
        return [.. index.Locators().Select(locator => index.Record(locator).Path).Order(StringComparer.Ordinal)];
    }
}
