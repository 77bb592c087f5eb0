using System.Formats.Tar;
using Llm2Clip.Data;
using Llm2Clip.Data.Conversion;
using Llm2Clip.Data.Inspection;
using Llm2Clip.Data.Loading;
using Llm2Clip.Images;
using Llm2Clip.Pipeline;
using Llm2Clip.Tests.Inspection;

namespace Llm2Clip.Tests.Data;

/// <summary>A person's folder: hidden files, no list of captions, images from a camera.</summary>
public sealed class UserFolderTests : IDisposable
{
    private readonly DataFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void HiddenFilesAreNoData()
    {
        File.WriteAllBytes(_folder["1.jpg"], DataFolder.Image(1));
        File.WriteAllText(_folder["metadata.jsonl"], """{"file_name": "1.jpg", "caption": "list"}""");
        File.WriteAllText(_folder["._metadata.jsonl"], "AppleDouble");
        Assert.Equal("list", Assert.Single(_folder.ReadAll(".")).Captions[0].Text);
        File.WriteAllText(_folder["._train.parquet"], "AppleDouble");
        Assert.Equal("list", Assert.Single(_folder.ReadAll(".")).Captions[0].Text);
        _folder.Tar("train.tar", TarEntryFormat.Ustar, ("1.jpg", DataFolder.Image(1)), ("1.txt", DataFolder.Bytes("tar")));
        File.WriteAllBytes(_folder["._train.tar"], new byte[4096]);
        Assert.Equal("tar", Assert.Single(_folder.ReadAll(".")).Captions[0].Text);
    }

    [Fact]
    public void AFolderWithoutCaptionsIsInspected()
    {
        foreach (var name in new[] { "b.jpg", "2024/a.JPG", "2024/a.png", ".thumbs/c.jpg", "2024/._b.jpg", "notes.txt" })
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_folder[name])!);
            File.WriteAllBytes(_folder[name], DataFolder.Image(name.Length));
        }
        var source = Datasets.Open(_folder.Path, new DataConfig(), _folder, needsCaptions: false);
        var samples = Datasets.ReadAll(source, new DataConfig(), _folder).ToList();
        Assert.Equal(["2024/a.JPG", "2024/a.png", "b"], samples.Select(sample => sample.Key));
        Assert.All(samples, sample => Assert.Empty(sample.Captions));
        var report = InspectionCase.Inspect(_folder, ".", inspect: new InspectConfig { Output = _folder["out"] });
        Assert.Equal((3, 0, 0), (report.Data.Images, report.Data.Captions, report.Data.Broken));
        Assert.Contains("folder of 3 images without captions", InspectionText.Title(report.Data));
        var error = Assert.Throws<InputException>(() => Datasets.Open(_folder.Path, new DataConfig(), _folder));
        Assert.Contains("holds images, but no captions, which this command needs. Put a list beside them: captions.csv", error.Message);
    }

    /// <summary>
    /// Images of folders and lists are turned by their EXIF orientation, those of shards are not; data.upright decides otherwise for both.
    /// </summary>
    [Fact]
    public void ImagesOfAFolderAreUprightAndThoseOfShardsAsStored()
    {
        var turned = Turned(DataFolder.Image(1), 6);
        Directory.CreateDirectory(_folder["photos"]);
        File.WriteAllBytes(_folder["photos/1.jpg"], turned);
        Assert.Equal([30, 40, 30], Widths("photos"));
        File.WriteAllText(_folder["photos/a.csv"], "image,caption\n1.jpg,x\n");
        Assert.Equal([30, 40, 30], Widths("photos/a.csv"));
        Assert.NotEqual(Pixels("photos/a.csv", null), Pixels("photos/a.csv", false));
        Assert.Equal(Pixels("photos/a.csv", null), Pixels("photos/a.csv", true));
        _folder.Tar("a.tar", TarEntryFormat.Ustar, ("1.jpg", turned), ("1.txt", DataFolder.Bytes("x")));
        Assert.Equal([40, 40, 30], Widths("a.tar"));
        Assert.Equal(Pixels("a.tar", null), Pixels("a.tar", false));
    }

    [Theory]
    [InlineData(DatasetFormat.Webdataset, null, true)]
    [InlineData(DatasetFormat.Webdataset, true, false)]
    [InlineData(DatasetFormat.Coco, null, false)]
    public void ShardsMadeOfPhotosAreSaidToNeedTheOption(DatasetFormat format, bool? upright, bool said)
    {
        File.WriteAllBytes(_folder["1.jpg"], DataFolder.Image(1));
        File.WriteAllText(_folder["a.csv"], "image,caption\n1.jpg,x\n");
        var config = new ConvertConfig { Data = _folder["a.csv"], To = _folder["out"], Format = format };
        DataConvert.Run(new RunConfig { Convert = config, Data = new DataConfig { Upright = upright } }, _folder,
            TestContext.Current.CancellationToken);
        Assert.Equal(said, _folder.Lines.Any(line =>
            line.Contains("Set data.upright: true where you use these shards", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(1, true)]
    [InlineData(6, false)]
    [InlineData(9, false)]
    public void WhetherAJpegIsUprightIsReadFromItsHeader(int orientation, bool expected)
    {
        var jpeg = DataFolder.Image(1);
        var file = orientation == 0 ? jpeg : Turned(jpeg, (byte)orientation);
        Assert.Equal(expected, JpegOrientation.IsUpright(file));
        var options = new DecodeOptions { Upright = true };
        for (var cut = 2; cut < 60; cut++)
        {
            Assert.False(JpegOrientation.IsUpright(file.AsSpan(0, cut)));
        }
        Assert.Equal(orientation == 6 ? 30 : 40, ImageCodec.Decode(file, "x", options).Width);
        Assert.Equal(ImageCodec.Decode(jpeg, "x").Pixels, ImageCodec.Decode(file, "x", new DecodeOptions()).Pixels);
    }

    /// <summary>A HEIC image as far as its first box, which is all that tells it from AVIF.</summary>
    [Fact]
    public void HeicIsNamedWithTheRemedyWhereItCannotBeDecoded()
    {
        byte[] heic = [0, 0, 0, 24, .. "ftypheic\0\0\0\0mif1heic"u8, .. new byte[64]];
        var message = Assert.Throws<ImageException>(() => ImageCodec.Decode(heic, "IMG_1.HEIC")).Message;
        Assert.StartsWith("IMG_1.HEIC: the image cannot be decoded: it is HEIC, as iPhones write it, or damaged;", message);
        Assert.Contains("Convert the images to JPEG first", message);
    }

    [Fact]
    public void AnImageThatIsAGitLfsPointerIsCalledThat() => Assert.Equal(
        "1.jpg: the image is a Git LFS pointer. Fetch the image: git lfs pull.",
        Assert.Throws<ImageException>(() => ImageCodec.Decode(DataFolder.Bytes(Files.LfsPointerTests.Pointer), "1.jpg")).Message);

    private static byte[] Turned(byte[] jpeg, byte orientation)
    {
        byte[] exif = [0xFF, 0xE1, 0, 34, .. "Exif\0\0II*\0"u8, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0, 0, 0, 0,
            0];
        return [.. jpeg[..2], .. exif, .. jpeg[2..]];
    }

    /// <summary>Widths by default, without turning and with.</summary>
    private double[] Widths(string data) =>
        [.. new bool?[] { null, false, true }.Select(upright =>
            InspectionCase.Inspect(_folder, data, config: new DataConfig { Upright = upright }).Data.ImageStatistics.Width.Max)];

    private byte[] Pixels(string data, bool? upright)
    {
        var config = LoaderConfig.ForEvaluation(new DataConfig { Upright = upright, Workers = 1 },
            new ImageTransformConfig { ImageSize = 16 }, 1);
        using var loader = new SampleLoader(_folder.Open(data), config, _folder);
        using var batch = Assert.Single(loader.Epoch(0, cancellation: TestContext.Current.CancellationToken));
        return batch.Pixels.ToArray();
    }
}
