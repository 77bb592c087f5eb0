using System.Text.Json;
using Llm2Clip.Images;

namespace Llm2Clip.Tests.Images;

/// <summary>
/// Pixels against Pillow and torchvision. Cases and inputs come from <c>golden/pixels</c>; tolerances from its README: the
/// resampler is Pillow-exact (0 levels), decoders of lossy files may differ by 1-2 levels, CMYK by 8, normalized values by 1e-6.
/// </summary>
[Trait("Category", "Golden")]
public class PixelGoldenTests
{
    private const double NormalizedTolerance = 1e-6;

    [Fact]
    public void EvaluationTransformIsPillowsToTheBit() => Assert.True(CompareAll(ResizeMode.Crop, "*.png", IsCropCase) > 0);

    [Fact]
    public void SquashedTransformIsPillowsToTheBit() => Assert.True(CompareAll(ResizeMode.Squash, "*.siglip*.png", _ => true) > 0);

    [Fact]
    public void PlainLoopsGiveTheSameBytesAsVectors()
    {
        foreach (var photo in Directory.GetFiles(SharedData.RequireGolden("images"), "*.jpg").Order(StringComparer.Ordinal).Take(4))
        {
            var image = ImageCodec.Decode(File.ReadAllBytes(photo), photo);
            foreach (var (width, height) in new[] { (image.Width / 3, image.Height / 2), (image.Width + 7, 33),
                (image.Width, image.Height) })
            {
                var results = new[] { true, false }.Select(vectors =>
                {
                    var pixels = new byte[width * height * 3];
                    new Resampler(vectors).Resize(image, new CropBox(0, 0, image.Width, image.Height), width, height,
                        new PixelArea(0, 0, width, height), true, pixels);
                    return pixels;
                }).ToArray();
                Assert.Equal(results[1], results[0]);
            }
        }
    }

    /// <summary>
    /// Pillow 9.4.0, <c>Image.frombytes('RGB', (7, 5), ...).resize(size, Image.BILINEAR).tobytes().hex()</c> of the bytes
    /// (37 x + 71 y + 113 c + 29 x y) mod 256.
    /// </summary>
    [Theory]
    [InlineData(4, 3, Small)]
    [InlineData(9, 8, Large)]
    public void BilinearIsPillowsToTheBit(int width, int height, string expected)
    {
        var source = new byte[7 * 5 * 3];
        for (var i = 0; i < source.Length; i++)
        {
            var (x, y, c) = (i / 3 % 7, i / 21, i % 3);
            source[i] = (byte)(37 * x + 71 * y + 113 * c + 29 * x * y);
        }
        var image = new RgbImage(7, 5, source);
        foreach (var vectors in new[] { true, false })
        {
            var pixels = new byte[width * height * 3];
            new Resampler(vectors, ResampleFilter.Bilinear).Resize(
                image, new CropBox(0, 0, 7, 5), width, height, new PixelArea(0, 0, width, height), false, pixels);
            Assert.Equal(expected, Convert.ToHexStringLower(pixels));
        }
    }

    /// <summary>The pipeline takes the model's filter.</summary>
    [Fact]
    public void ThePipelineTakesTheModelsFilter()
    {
        var image = new RgbImage(2, 2, [0, 0, 0, 255, 255, 255, 0, 0, 0, 255, 255, 255]);
        byte[] Eval(ResampleFilter filter)
        {
            var pixels = new byte[4 * 4 * 3];
            new ImagePipeline(new ImageTransformConfig { ImageSize = 4, Filter = filter }).Eval(image, pixels);
            return pixels;
        }
        // Outputs lie at 0.25, 0.75, 1.25 and 1.75 pixels: a triangle gives 0, 1/4, 3/4 and 1 of the way.
        Assert.Equal([0, 64, 191, 255], Eval(ResampleFilter.Bilinear).Where((_, i) => i % 3 == 0).Take(4));
        Assert.NotEqual(Eval(ResampleFilter.Bicubic), Eval(ResampleFilter.Bilinear));
    }

    private const string Small =
        "38a467679e67736573bf36a19eaf80897b7b5878939969817a6da88e8070889787795f9a";

    private const string Large =
        "0071e2198a5035a61752c3346fe0518c366ea91a8bc536a7de4fc01f909140b15266a648758f7044b5966b6c66923474b8299ad94abb"
        + "4bbc2d79df5ba6a4889d50b41778e93fac63715c5aa52187d243b478e95ab1ad93a591877581697a3bac347db0509480927874cb3cad"
        + "a4c586b496969c887e7a855c8c4d6e5460bf529f827f9b61c536a7d152b38299648a876cab5e8d4fb031a15490787e616c884ebe2fa0"
        + "6d6edf806b928777698c866ea283849f99815e9d9059759bb728991c8dfe8248b9876a6970a852e758c997cf7947b8b74c68d9b22394";

    [Fact]
    public void SizesAndCropsRoundAsTorchvisionDoes()
    {
        using var cases = Json("rounding.json");
        foreach (var item in cases.RootElement.EnumerateArray())
        {
            var size = Pair(item, "size");
            var expected = Pair(item, "resized_torchvision");
            var target = Math.Min(expected.Item1, expected.Item2);
            var resized = ImageGeometry.ShortSideTo(size.Item1, size.Item2, target);
            Assert.Equal(expected, resized);
            var crop = (ImageGeometry.CenterOffset(resized.Width, target), ImageGeometry.CenterOffset(resized.Height, target));
            Assert.Equal(Pair(item, "crop_left_top_torchvision"), crop);
        }
    }

    [Fact]
    public void NormalizedValuesAgree()
    {
        using var expected = Json("expected.json");
        var root = expected.RootElement;
        var transform = new ImageTransformConfig { Mean = Floats(root.GetProperty("mean")), Std = Floats(root.GetProperty("std")) };
        var positions = root.GetProperty("positions_y_x").EnumerateArray().Select(at => (Y: at[0].GetInt32(), X: at[1].GetInt32()))
            .ToArray();
        foreach (var image in root.GetProperty("images").EnumerateObject())
        {
            // Pixels come from the reference PNG, so that only the arithmetic is compared here.
            var pixels = Decode(Path.Combine(SharedData.RequireGolden("pixels"),
                Path.GetFileNameWithoutExtension(image.Name) + ".224.png"));
            var values = image.Value.GetProperty("values").EnumerateArray().ToArray();
            for (var k = 0; k < positions.Length; k++)
            {
                for (var c = 0; c < 3; c++)
                {
                    var pixel = pixels.Pixels[(positions[k].Y * pixels.Width + positions[k].X) * 3 + c];
                    Assert.InRange(transform.Normalize(pixel, c) - values[k][c].GetDouble(), -NormalizedTolerance, NormalizedTolerance);
                }
            }
        }
    }

    [Fact]
    public void OddFilesDecodeOrAreReported()
    {
        var folder = SharedData.RequireGolden("pixels", "odd");
        using var expected = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "expected.json")));
        var problems = new List<string>();
        foreach (var file in expected.RootElement.EnumerateObject())
        {
            var bytes = File.ReadAllBytes(Path.Combine(folder, file.Name));
            if (file.Value.TryGetProperty("error", out _))
            {
                var error = Record.Exception(() => ImageCodec.Decode(bytes, file.Name));
                if (error is not InputException || !error.Message.StartsWith(file.Name, StringComparison.Ordinal))
                {
                    problems.Add($"{file.Name}: expected an InputException naming the file, got {error?.ToString() ?? "an image"}");
                }
                continue;
            }
            CompareOdd(folder, file, bytes, problems);
        }
        Assert.True(problems.Count == 0, string.Join("\n", problems));
    }

    private static void CompareOdd(string folder, JsonProperty file, byte[] bytes, List<string> problems)
    {
        var image = ImageCodec.Decode(bytes, file.Name);
        if (file.Value.GetProperty("mode").GetString() == "I;16")
        {
            return; // Pillow clips 16-bit gray to white; ours keeps the high byte, and nothing but decoding is tested
        }
        var lossy = file.Value.GetProperty("format").GetString() is "JPEG" or "WEBP";
        var tolerance = file.Value.GetProperty("mode").GetString() == "CMYK" ? 8 : lossy ? 2 : 0;
        var rgb = Decode(Path.Combine(folder, file.Value.GetProperty("rgb").GetString()!));
        Compare(file.Name + " rgb", rgb, image, tolerance, problems);
        var clip = Decode(Path.Combine(folder, file.Value.GetProperty("clip24").GetString()!));
        var pipeline = new ImagePipeline(new ImageTransformConfig { ImageSize = clip.Width });
        Compare(file.Name + " clip", clip, new RgbImage(clip.Width, clip.Height, pipeline.Eval(bytes, file.Name)), tolerance, problems);
    }

    private static void Compare(string name, RgbImage expected, RgbImage actual, int tolerance, List<string> problems)
    {
        if (expected.Width != actual.Width || expected.Height != actual.Height)
        {
            problems.Add($"{name}: {actual.Width} x {actual.Height}, expected {expected.Width} x {expected.Height}");
            return;
        }
        var largest = expected.Pixels.Zip(actual.Pixels, (a, b) => Math.Abs(a - b)).Max();
        if (largest > tolerance)
        {
            problems.Add($"{name}: up to {largest} levels off, {tolerance} allowed");
        }
    }

    /// <summary>Compares every reference image of a kind with ours, made from the photo of the same name at the reference's size.</summary>
    private static int CompareAll(ResizeMode resize, string pattern, Func<string, bool> isCase)
    {
        var photos = SharedData.RequireGolden("images");
        var problems = new List<string>();
        var count = 0;
        foreach (var reference in Directory.GetFiles(SharedData.RequireGolden("pixels"), pattern).Where(isCase)
            .Order(StringComparer.Ordinal))
        {
            var name = Path.GetFileName(reference);
            var photo = Path.Combine(photos, name[..name.IndexOf('.')] + ".jpg");
            var expected = Decode(reference);
            var pipeline = new ImagePipeline(new ImageTransformConfig { ImageSize = expected.Width, Resize = resize });
            Compare(name, expected, new RgbImage(expected.Width, expected.Height, pipeline.Eval(File.ReadAllBytes(photo), photo)), 0,
                problems);
            count++;
        }
        Assert.True(problems.Count == 0, string.Join("\n", problems));
        return count;
    }

    /// <summary>NAME.SIZE.png, not NAME.siglipSIZE.png and not another processor's variant.</summary>
    private static bool IsCropCase(string path)
    {
        var parts = Path.GetFileName(path).Split('.');
        return parts.Length == 3 && int.TryParse(parts[1], out _);
    }

    private static RgbImage Decode(string path) => ImageCodec.Decode(File.ReadAllBytes(path), path);

    private static JsonDocument Json(string name) => JsonDocument.Parse(File.ReadAllText(SharedData.RequireGolden("pixels", name)));

    private static (int, int) Pair(JsonElement item, string name) =>
        (item.GetProperty(name)[0].GetInt32(), item.GetProperty(name)[1].GetInt32());

    private static float[] Floats(JsonElement list) => [.. list.EnumerateArray().Select(value => value.GetSingle())];
}
