using System.Diagnostics;
using System.Globalization;
using Llm2Clip.Data;
using Llm2Clip.Images;
using Llm2Clip.Randomness;

namespace Llm2Clip.Bench;

/// <summary>
/// Images per second of processor time, all threads of the process together, so that other load on the machine matters less: our transforms
/// against Pillow's (CLIP's evaluation transform, and a random crop), on the same encoded images in one run, and what the approximations
/// (JPEG shrinking, shrunk cache) change. Arguments: a data pattern, else synthetic photos are made, and the image size.
/// </summary>
public static class DataBench
{
    private const int Most = 200;
    private const double Seconds = 2;

    /// <summary>CLIP's transforms in Pillow, single-threaded; prints images per second for each.</summary>
    private const string Python = """
        import io, sys, time, random, pathlib
        from PIL import Image
        size, seconds = int(sys.argv[2]), float(sys.argv[3])
        files = [p.read_bytes() for p in sorted(pathlib.Path(sys.argv[1]).iterdir())]
        def evaluation(b):
            im = Image.open(io.BytesIO(b)).convert("RGB"); w, h = im.size
            w, h = (size, int(size * h / w)) if w <= h else (int(size * w / h), size)
            im = im.resize((w, h), Image.BICUBIC); x, y = round((w - size) / 2), round((h - size) / 2)
            return im.crop((x, y, x + size, y + size)).tobytes()
        def crop(im):
            w, h = im.size; s = random.uniform(.63, 1); cw, ch = max(1, int(w * s)), max(1, int(h * s))
            x, y = random.randint(0, w - cw), random.randint(0, h - ch)
            return im.resize((size, size), Image.BICUBIC, box=(x, y, x + cw, y + ch)).tobytes()
        def rate(f, items):
            n, start = 0, time.process_time()
            while time.process_time() - start < seconds:
                f(items[n % len(items)]); n += 1
            return n / (time.process_time() - start)
        print(rate(evaluation, files), rate(lambda b: crop(Image.open(io.BytesIO(b)).convert("RGB")), files),
              rate(crop, [Image.open(io.BytesIO(b)).convert("RGB") for b in files]))
        """;

    /// <summary>Runs the benchmark and prints a table.</summary>
    public static int Run(string[] args)
    {
        var size = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 224;
        var files = args.Length > 0 ? FromData(args[0]) : Synthetic();
        var images = files.ConvertAll(file => ImageCodec.Decode(file, "bench"));
        var augment = new AugmentConfig { CropScaleMin = 0.4, Flip = 0.5, Brightness = 0.2, Contrast = 0.2, Saturation = 0.2 };
        var cropOnly = new AugmentConfig { CropScaleMin = 0.4, Flip = 0.5 };
        var from = $"{images.Average(image => image.Width):F0} x {images.Average(image => image.Height):F0}";
        Console.WriteLine($"{files.Count} images, {from} on average, to {size} x {size}; images per second of processor time");
        var python = Pillow(files, size);
        var transform = new ImageTransformConfig { ImageSize = size };
        Row("evaluation from file", Rate(files, Evaluate(transform, 0)), python?[0]);
        Row("evaluation, jpeg_reducing_gap 2", Rate(files, Evaluate(transform, 2)), python?[0]);
        Row("evaluation, jpeg_reducing_gap 1", Rate(files, Evaluate(transform, 1)), python?[0]);
        Row("random crop from file", Rate(files, TrainFrom(transform, cropOnly)), python?[1]);
        Row("random crop from memory", Rate(images, TrainFrom(transform, cropOnly, images)), python?[2]);
        Row("random crop and color from memory", Rate(images, TrainFrom(transform, augment, images)), null);
        Differences(files, images, transform, cropOnly);
        return 0;
    }

    private static Action<byte[]> Evaluate(ImageTransformConfig transform, double gap)
    {
        var pipeline = new ImagePipeline(transform, decode: new DecodeOptions { JpegReducingGap = gap });
        var into = new byte[pipeline.OutputBytes];
        return file => pipeline.Eval(pipeline.Decode(file, "bench", forTraining: false), into);
    }

    private static Action<byte[]> TrainFrom(ImageTransformConfig transform, AugmentConfig augment)
    {
        var pipeline = new ImagePipeline(transform, augment);
        var into = new byte[pipeline.OutputBytes];
        var random = SeededRandom.For(1, 0, "", "bench");
        return file => pipeline.Train(pipeline.Decode(file, "bench", forTraining: true), ref random, into);
    }

    private static Action<RgbImage> TrainFrom(ImageTransformConfig transform, AugmentConfig augment, List<RgbImage> _)
    {
        var pipeline = new ImagePipeline(transform, augment);
        var into = new byte[pipeline.OutputBytes];
        var random = SeededRandom.For(1, 0, "", "bench");
        return image => pipeline.Train(image, ref random, into);
    }

    private static double Rate<T>(List<T> items, Action<T> work)
    {
        items.ForEach(work); // warm: tiers up the code
        items.ForEach(work);
        var start = Environment.CpuUsage.TotalTime;
        var done = 0;
        while ((Environment.CpuUsage.TotalTime - start).TotalSeconds < Seconds)
        {
            work(items[done++ % items.Count]);
        }
        return done / (Environment.CpuUsage.TotalTime - start).TotalSeconds;
    }

    private static void Row(string what, double ours, double? pillow) =>
        Console.WriteLine($"{what,-36} {ours,9:F0} /s   {1000 / ours,7:F3} ms   "
            + (pillow is { } p ? $"Pillow {p,7:F0} /s   ratio {ours / p:F2}" : ""));

    /// <summary>Mean and largest difference in levels that an approximation makes.</summary>
    private static void Differences(List<byte[]> files, List<RgbImage> images, ImageTransformConfig transform, AugmentConfig augment)
    {
        var exact = new ImagePipeline(transform, augment);
        foreach (var gap in new[] { 2, 1 })
        {
            var shrinking = new ImagePipeline(transform, augment, new DecodeOptions { JpegReducingGap = gap });
            Difference(
                $"jpeg_reducing_gap {gap}, evaluation", files.Select(file => (exact.Eval(file, "bench"), shrinking.Eval(file, "bench"))));
        }
        foreach (var side in new[] { transform.ImageSize, transform.ImageSize * 4 / 3 })
        {
            Difference(
                $"image_cache_side {side}, random crop",
                images.Select((image, i) => (Train(exact, image, image, i), Train(exact, ImagePipeline.Shrink(image, side), image, i))));
        }
    }

    private static byte[] Train(ImagePipeline pipeline, RgbImage image, RgbImage original, int epoch)
    {
        var into = new byte[pipeline.OutputBytes];
        var random = SeededRandom.For(1, epoch, "", "bench");
        pipeline.Train(image, original.Width, original.Height, ref random, into);
        return into;
    }

    private static void Difference(string what, IEnumerable<(byte[] Exact, byte[] Other)> pairs)
    {
        var means = pairs.Select(pair => pair.Exact.Zip(pair.Other, (a, b) => Math.Abs(a - b)).Average()).ToList();
        Console.WriteLine($"{what,-36} mean difference {means.Average():F3} levels, worst image {means.Max():F3}");
    }

    private static double[]? Pillow(List<byte[]> files, int size)
    {
        if (!PythonSide.Has("the comparison with Pillow", "PIL"))
        {
            return null;
        }
        var folder = Directory.CreateTempSubdirectory("llm2clip-bench").FullName;
        try
        {
            for (var i = 0; i < files.Count; i++)
            {
                File.WriteAllBytes(Path.Combine(folder, $"{i:D5}.jpg"), files[i]);
            }
            string[] arguments =
                ["-c", Python, folder, size.ToString(CultureInfo.InvariantCulture), Seconds.ToString(CultureInfo.InvariantCulture)];
            var start = new ProcessStartInfo(PythonSide.Interpreter, arguments) { RedirectStandardOutput = true };
            using var process = Process.Start(start)!;
            var output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            if (process.ExitCode != 0)
            {
                throw new InvalidOperationException("The Python side failed.");
            }
            var rates = output.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            return Array.ConvertAll(rates, text => double.Parse(text, CultureInfo.InvariantCulture));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static List<byte[]> FromData(string pattern)
    {
        var config = new DataConfig();
        var samples = Datasets.ReadAll(Datasets.Open(pattern, config, SilentLog.Instance), config, SilentLog.Instance);
        return [.. samples.Take(Most).Select(sample => sample.Image.Read())];
    }

    /// <summary>Smooth shapes with grain at 500 x 375, the size of common web photos.</summary>
    private static List<byte[]> Synthetic()
    {
        var random = SeededRandom.For(7, 0, "", "bench");
        return [.. Enumerable.Range(0, 50).Select(_ =>
        {
            const int width = 500, height = 375;
            var pixels = new byte[width * height * 3];
            var (a, b, c) = (random.Uniform(0.01, 0.1), random.Uniform(0.01, 0.1), random.Uniform(0, 6));
            for (var i = 0; i < pixels.Length; i++)
            {
                var (x, y) = (i / 3 % width, i / 3 / width);
                var value = 128 + 90 * Math.Sin(a * x + b * y + c * (i % 3)) * Math.Cos(b * x - a * y) + random.Uniform(-12, 12);
                pixels[i] = (byte)Math.Clamp(value, 0, 255);
            }
            return ImageCodec.EncodeJpeg(new RgbImage(width, height, pixels), 90);
        })];
    }
}
