using System.Globalization;
using Llm2Clip.Search;
using Microsoft.AspNetCore.Http;

namespace Llm2Clip.Web;

/// <summary>
/// The name of an image in URLs: its row, and half of the hash of its bytes. A URL means one image with these bytes for ever, so that
/// browsers may keep what it gave.
/// </summary>
internal static class ImageId
{
    public static string Of(ImageIndex index, long locator) =>
        string.Create(CultureInfo.InvariantCulture, $"{locator:x}-{(ulong)index.Row(locator).Content:x16}");

    /// <summary>The image's row. Throws <see cref="ProblemException"/> (404) where the index has no such image any more.</summary>
    public static long Find(ImageIndex index, string id)
    {
        var mark = id.IndexOf('-', StringComparison.Ordinal);
        return mark > 0 && id.Length - mark == 17
            && long.TryParse(id.AsSpan(0, mark), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var locator)
            && ulong.TryParse(id.AsSpan(mark + 1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var content)
            && index.Holds(locator) && (ulong)index.Row(locator).Content == content
            ? locator
            : throw new ProblemException(StatusCodes.Status404NotFound, "The index has no such image, or not any more. Search again.");
    }
}
