using System.Collections.Concurrent;
using Llm2Clip.Images;
using NetVips;

namespace Llm2Clip.Tests.Images;

/// <summary>These run alone, as they watch the process's memory.</summary>
[CollectionDefinition("Native memory", DisableParallelization = true)]
public sealed class NativeMemoryCollection;

/// <summary>Thousands of images, good and damaged, through threads that come and go.</summary>
[Collection("Native memory")]
public sealed class NativeMemoryTests
{
    private const int Threads = 4;
    private const int Rounds = 12;
    private const int WarmRounds = 4;
    private const int Repeats = 3;

    /// <summary>Of 2,700 images: three kilobytes that each of them leaves behind are found.</summary>
    private const long Growth = 8 << 20;

    private static readonly DecodeOptions[] Options = [new(), new() { Upright = true, Background = [255, 255, 255] }];

    [Fact]
    public void StaysFlatAndThreadsDoNotDisturbEachOther()
    {
        var files = Files();
        var expected = files.ConvertAll(file => Options.Select(options => Outcome(file, options, null)).ToArray());
        Assert.Contains(expected, outcome => outcome[0].StartsWith("error", StringComparison.Ordinal));
        long before = 0;
        for (var round = 0; round < Rounds; round++)
        {
            Decode(files, expected);
            GC.Collect();
            GC.WaitForPendingFinalizers();
            before = round == WarmRounds - 1 ? Environment.WorkingSet : before;
        }
        Assert.InRange(Environment.WorkingSet - before, long.MinValue, Growth);
        Assert.InRange(Stats.Allocations, 0, Threads); // libvips keeps a pixel buffer per thread that lives
    }

    private static void Decode(List<byte[]> files, List<string[]> expected)
    {
        var problems = new ConcurrentBag<string>();
        var threads = Enumerable.Range(0, Threads).Select(number => new Thread(() =>
        {
            var scratch = new PixelScratch();
            for (var i = 0; i < files.Count * Repeats; i++)
            {
                var file = (i * 7 + number) % files.Count;
                var option = (i + number) % Options.Length;
                var outcome = Outcome(files[file], Options[option], scratch);
                if (outcome != expected[file][option])
                {
                    problems.Add($"file {file}: {outcome}, expected {expected[file][option]}");
                }
            }
        })).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        Assert.Empty(problems);
    }

    /// <summary>
    /// Size and a hash of the pixels, or why the file is refused: not the words, as libvips' may be another thread's.
    /// </summary>
    private static string Outcome(byte[] file, DecodeOptions options, PixelScratch? scratch)
    {
        try
        {
            var image = ImageCodec.Decode(file, "soak", options, 0, scratch);
            var pixels = image.Pixels.AsSpan(0, image.Width * image.Height * 3);
            return $"{image.Width} x {image.Height}, {System.IO.Hashing.XxHash3.HashToUInt64(pixels):x}";
        }
        catch (ImageException e)
        {
            return "error " + e.Problem;
        }
    }

    /// <summary>Every format, and each of them cut in half, cut behind its first bytes, and with a byte changed.</summary>
    private static List<byte[]> Files()
    {
        var pixels = new byte[150 * 110 * 3];
        new Random(5).NextBytes(pixels.AsSpan(0, pixels.Length / 2));
        var image = new RgbImage(150, 110, pixels);
        Func<Image, byte[]>[] savers =
        [
            from => from.JpegsaveBuffer(), from => from.JpegsaveBuffer(interlace: true), from => from.PngsaveBuffer(),
            from => from.WebpsaveBuffer(), from => from.GifsaveBuffer(),
            from => from.TiffsaveBuffer(compression: Enums.ForeignTiffCompression.Deflate, tile: true),
            from => from.Crop(0, 0, 24, 18).HeifsaveBuffer(compression: Enums.ForeignHeifCompression.Av1, effort: 0),
        ];
        var files = savers.Select(save => ImageCodec.Encode(image, save)).ToList();
        foreach (var file in files.ToList())
        {
            byte[] changed = [.. file];
            changed[file.Length * 2 / 3] ^= 0x55;
            files.AddRange([file[..(file.Length / 2)], file[..20], changed]);
        }
        return files;
    }
}
