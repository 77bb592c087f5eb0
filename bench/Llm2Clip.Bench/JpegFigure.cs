using Llm2Clip.Images;

namespace Llm2Clip.Bench;

/// <summary>
/// JPEG files to normalized 224 x 224 tensors on one core, against Pillow and numpy: exact; and, for photos of a camera's size (the same
/// ones enlarged), with JPEGs shrunk while they are decoded, down to the target.
/// </summary>
internal static class JpegFigure
{
    private const int Rounds = 7;
    private const int Repeats = 4;
    private const int Enlarged = 3;

    /// <summary>Of the enlarged photos; below 90 libvips halves the color's resolution, as cameras and the web do.</summary>
    private const int Quality = 85;

    private const string Pillow = """
        import io, pathlib, sys
        import numpy as np
        from PIL import Image
        files = [p.read_bytes() for p in sorted(pathlib.Path(sys.argv[1]).glob("*.jpg"))]
        mean, std = np.array([.48145466, .4578275, .40821073], np.float32), np.array([.26862954, .26130258, .27577711], np.float32)
        def one(b):
            im = Image.open(io.BytesIO(b)).convert("RGB"); w, h = im.size
            w, h = (224, int(224 * h / w)) if w <= h else (int(224 * w / h), 224)
            im = im.resize((w, h), Image.BICUBIC); x, y = round((w - 224) / 2), round((h - 224) / 2)
            pixels = np.asarray(im.crop((x, y, x + 224, y + 224)), np.float32)
            return ((pixels / 255 - mean) / std).transpose(2, 0, 1)
        def work():
            for _ in range(int(sys.argv[2])):
                for b in files: one(b)
        """;

    public static IEnumerable<Figure> Measure(string folder)
    {
        if (!PythonSide.Has("JPEG files against Pillow and numpy", "PIL", "numpy"))
        {
            yield break;
        }
        var files = Directory.GetFiles(folder, "*.jpg").Order(StringComparer.Ordinal).Select(File.ReadAllBytes).ToList();
        var large = Directory.CreateTempSubdirectory("llm2clip-bench-").FullName;
        try
        {
            List<byte[]> enlarged = files.ConvertAll(file =>
            {
                var image = ImageCodec.Decode(file, "bench");
                return ImageCodec.EncodeJpeg(image.Resize(image.Width * Enlarged, image.Height * Enlarged), Quality);
            });
            for (var i = 0; i < enlarged.Count; i++)
            {
                File.WriteAllBytes(Path.Combine(large, $"{i:d3}.jpg"), enlarged[i]);
            }
            yield return Measure(files, folder, Repeats, gap: 0, "exact", 2);
            yield return Measure(enlarged, large, 1, gap: 1, "`data.jpeg_reducing_gap: 1`", 4);
        }
        finally
        {
            Directory.Delete(large, recursive: true);
        }
    }

    private static Figure Measure(List<byte[]> files, string folder, int repeats, double gap, string how, double target)
    {
        var images = files.ConvertAll(file => ImageCodec.Decode(file, "bench"));
        var size = $"{images.Average(image => image.Width):0} x {images.Average(image => image.Height):0}";
        using var python = PythonSide.Start(Pillow, folder, $"{repeats}");
        var times = Turns.Medians(Rounds, Turns.Time(Work(files, repeats, gap)), () => python.Call("work"));
        double Rate(int side) => files.Count * repeats / times[side];
        var work = $"JPEG of {size} to a normalized 224 x 224 tensor, one thread, {how}";
        return Figure.AtLeast(
            "jpeg", work, $"{Rate(0):0} images/s", $"Pillow and numpy {Rate(1):0} images/s", Rate(0) / Rate(1), target);
    }

    private static Action Work(List<byte[]> files, int repeats, double gap)
    {
        var transform = new ImageTransformConfig();
        var pipeline = new ImagePipeline(transform, decode: new DecodeOptions { JpegReducingGap = gap });
        var bytes = new byte[pipeline.OutputBytes];
        var tensor = new float[bytes.Length];
        var plane = bytes.Length / 3;
        var levels = Enumerable.Range(0, 256);
        float[] Values(int channel) => [.. levels.Select(level => transform.Normalize((byte)level, channel))];
        float[][] value = [Values(0), Values(1), Values(2)];
        return () =>
        {
            for (var repeat = 0; repeat < repeats; repeat++)
            {
                foreach (var file in files)
                {
                    pipeline.Eval(pipeline.Decode(file, "bench", forTraining: false), bytes);
                    for (var i = 0; i < plane; i++)
                    {
                        tensor[i] = value[0][bytes[i * 3]];
                        tensor[plane + i] = value[1][bytes[i * 3 + 1]];
                        tensor[2 * plane + i] = value[2][bytes[i * 3 + 2]];
                    }
                }
            }
        };
    }
}
