using System.Text.RegularExpressions;
using Llm2Clip.Search;
using Llm2Clip.Tests.Search;

namespace Llm2Clip.Tests.Fuzzing;

/// <summary>Image indexes: opened, read image by image, searched, verified, compacted and written on.</summary>
internal static class IndexFormats
{
    private const int Images = 14;

    public static IReadOnlyList<FuzzFormat> All { get; } =
    [
        new("index", Plant, Read) { IsText = true, Cases = 600 },
        new("index-manifest", folder => [.. Plant(folder).Where(name => name == IndexManifest.FileName)], Read)
            { IsText = true, Place = new Regex("Path:|[Pp]roperty|LineNumber|contradicts|format|bytes|missing|damaged|read"), Cases = 400 },
        new("index-compact", Plant, Compact) { IsText = true, Cases = 200 },
        new("index-append", Plant, Append) { IsText = true, Cases = 200 },
    ];

    private static string[] Plant(string folder)
    {
        using (var writer = IndexCases.Writer(folder, rowsPerSegment: 8))
        {
            for (var i = 0; i < Images; i++)
            {
                IndexCases.Add(writer, i);
            }
            writer.Remove(IndexCases.Record(3).Identity);
        }
        File.Delete(Path.Combine(folder, "write.lock"));
        return IndexCases.Files(folder);
    }

    private static void Read(FuzzCase damaged)
    {
        IndexUpkeep.Verify(damaged.Folder, CancellationToken.None);
        using var index = ImageIndex.Open(damaged.Folder);
        var filter = new ImageFilter(index, new SearchConfig { From = "2024", Shape = ImageShape.Portrait, Folder = "/photos" });
        foreach (var locator in index.Locators())
        {
            filter.Accepts(locator);
            _ = index.Record(locator).Captions.Sum(caption => caption.Text.Length) + index.Thumbnail(locator).Length;
        }
        var found = VectorSearch.Top(index, new float[index.Model.Dimension], 20, _ => true, CancellationToken.None);
        AlikeImages.Fold(index, found);
    }

    private static void Compact(FuzzCase damaged)
    {
        FuzzFiles.Copy(damaged.Folder, damaged.Output);
        IndexUpkeep.Compact(damaged.Output, CancellationToken.None);
        if (IndexUpkeep.Verify(damaged.Output, CancellationToken.None) is [var problem, ..])
        {
            throw new InvalidOperationException("A compacted index is still damaged: " + problem);
        }
    }

    private static void Append(FuzzCase damaged)
    {
        FuzzFiles.Copy(damaged.Folder, damaged.Output);
        using var writer = IndexCases.Writer(damaged.Output);
        for (var i = 0; i < Images + 5; i++)
        {
            IndexCases.Add(writer, i, version: 1);
        }
    }
}
