using System.Runtime.InteropServices;
using Llm2Clip.Data;
using Llm2Clip.Search;
using Llm2Clip.Teachers;

namespace Llm2Clip.Tests.Search;

/// <summary>Indexes of made-up images: number n has the path n, a thumbnail of n + 1 bytes, and a vector that follows from n.</summary>
internal static class IndexCases
{
    public const int Dimension = 8;

    public static readonly IndexModel Model = new("student", "runs/student", "runs/teacher", "teacher", Dimension);

    public static ImageIndexWriter Writer(string folder, int rowsPerSegment = 4) =>
        ImageIndexWriter.Open(folder, Model, 64, rowsPerSegment);

    public static void Add(ImageIndexWriter writer, int number, int version = 0)
    {
        var record = Record(number);
        writer.Add(
            new IndexRow
            {
                Identity = record.Identity, Content = (UInt128)(1000 * version + number), Captions = record.CaptionsHash,
                Width = 4 + number, Height = 4, Latitude = float.NaN, Longitude = float.NaN, Modified = 1,
            },
            MemoryMarshal.AsBytes<Half>(Vector(number, version)), record.ToBytes(), Thumbnail(number));
    }

    public static ImageRecord Record(int number) =>
        new($"/photos/{number}.jpg", $"{number}", true, [new Caption($"caption {number}", "en", CaptionKind.Short)]);

    public static byte[] Thumbnail(int number) => [.. Enumerable.Repeat((byte)number, number + 1)];

    public static Half[] Vector(int number, int version = 0) =>
        [.. Enumerable.Range(0, Dimension).Select(d => (Half)Math.Sin(1 + number * 7 + d * (number + 3) + 100 * version))];

    /// <summary>Numbers of the images, in stored order; each is checked to be whole.</summary>
    public static int[] Numbers(string folder, int version = 0)
    {
        using var index = ImageIndex.Open(folder);
        return Numbers(index, version);
    }

    public static int[] Numbers(ImageIndex index, int version = 0) => [.. index.Locators().Select(locator =>
    {
        var record = index.Record(locator);
        var number = int.Parse(record.Key);
        Assert.Equal(Record(number).Captions, record.Captions);
        Assert.Equal(Thumbnail(number), index.Thumbnail(locator).ToArray());
        Assert.Equal(Vector(number, version), index.Vector(locator).ToArray());
        return number;
    })];

    public static string[] Files(string folder) =>
        [.. Directory.GetFiles(folder).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];
}
