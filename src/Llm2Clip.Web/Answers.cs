using Llm2Clip.Data;
using Llm2Clip.Search;

namespace Llm2Clip.Web;

/// <summary>An image of the index.</summary>
/// <param name="Id">Its name in URLs.</param>
/// <param name="Path">The file; of an image inside a tar, the tar and its name there.</param>
/// <param name="Taken">When the photo was taken by its EXIF data; null where they do not say.</param>
/// <param name="Date">The date that filters go by: of the photo, else of its file.</param>
/// <param name="Place">Where it was taken; null where that is not known.</param>
/// <param name="Width">Pixels, upright.</param>
/// <param name="Height">Pixels, upright.</param>
/// <param name="Captions">Captions that came with it.</param>
internal sealed record ImageAnswer(
    string Id, string Path, DateTime? Taken, DateTime? Date, ImagePlace? Place, int Width, int Height, IReadOnlyList<Caption> Captions)
{
    public static ImageAnswer Of(ImageIndex index, long locator)
    {
        var (row, record) = (index.Row(locator), index.Record(locator));
        return new ImageAnswer(
            ImageId.Of(index, locator), record.Path, row.TakenDate, row.Date, row.Place, row.Width, row.Height, record.Captions);
    }
}

/// <summary>An image that was found.</summary>
/// <param name="Rank">From 1.</param>
/// <param name="Score">Cosine of its vector and the query's; of several terms the sum of theirs by weight; null where there is no query.
/// </param>
/// <param name="Image">The image.</param>
/// <param name="Alike">Images that look like it, which are not shown on their own.</param>
internal sealed record HitAnswer(int Rank, double? Score, ImageAnswer Image, IReadOnlyList<AlikeAnswer> Alike)
{
    public static HitAnswer Of(ImageIndex index, FoundGroup group, int place) => new(
        place + 1, float.IsNaN(group.Best.Score) ? null : Math.Round(group.Best.Score, 5), ImageAnswer.Of(index, group.Best.Locator),
        [.. group.Alike.Select(other => new AlikeAnswer(ImageId.Of(index, other), index.Record(other).Path))]);
}

/// <summary>An image that looks like another one.</summary>
internal sealed record AlikeAnswer(string Id, string Path);

/// <summary>What is known before the images are read.</summary>
/// <param name="Images">Images in the index.</param>
/// <param name="Found">Images that follow.</param>
/// <param name="Language">Language of the sentences; null where there are none.</param>
/// <param name="Notes">What was applied.</param>
/// <param name="Seconds">How long it took.</param>
internal sealed record SearchHead(
    long Images, int Found, string? Language, IReadOnlyList<string> Notes, SearchSeconds Seconds);

/// <summary>Seconds that an answer took: waiting for the model and encoding the query, and scoring the images.</summary>
internal sealed record SearchSeconds(double Query, double Search);

/// <summary>A whole answer.</summary>
internal sealed record SearchAnswer(
    long Images, int Found, string? Language, IReadOnlyList<string> Notes, SearchSeconds Seconds, IEnumerable<HitAnswer> Hits);
