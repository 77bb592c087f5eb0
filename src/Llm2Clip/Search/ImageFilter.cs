namespace Llm2Clip.Search;

/// <summary>Which images of an index may answer a query.</summary>
internal sealed class ImageFilter(ImageIndex index, SearchConfig config)
{
    private readonly (DateTime? From, DateTime? Before) _dates = config.Dates;
    private readonly string _folder = config.Folder.Length == 0
        ? ""
        : Path.TrimEndingDirectorySeparator(Path.GetFullPath(config.Folder)) + Path.DirectorySeparatorChar;

    /// <summary>What it lets through, in words; empty where that is everything.</summary>
    public string Description => string.Join(", ", new[]
    {
        config.From.Length > 0 ? $"from {config.From}" : "", config.To.Length > 0 ? $"to {config.To}" : "",
        _folder.Length > 0 ? $"below {_folder}" : "", config.Shape != ImageShape.Any ? config.Shape.ToString().ToLowerInvariant() : "",
    }.Where(part => part.Length > 0));

    /// <summary>Whether an image may be found. Safe to call from several threads.</summary>
    public bool Accepts(long locator)
    {
        var row = index.Row(locator);
        var isShape = config.Shape switch
        {
            ImageShape.Landscape => row.Width > row.Height,
            ImageShape.Portrait => row.Width < row.Height,
            ImageShape.Square => row.Width == row.Height,
            _ => true,
        };
        return isShape && IsInTime(row)
            && (_folder.Length == 0 || index.Record(locator).Path.StartsWith(_folder, StringComparison.Ordinal));
    }

    private bool IsInTime(IndexRow row)
    {
        if (_dates is (null, null))
        {
            return true;
        }
        return row.Date is { } date && (_dates.From is not { } from || date >= from) && (_dates.Before is not { } before || date < before);
    }
}
