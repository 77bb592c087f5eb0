namespace Llm2Clip.Data.Inspection;

/// <summary>Counts of one language's captions.</summary>
internal sealed class LanguageStatistics
{
    private const int LongestWords = 2048;
    private const int LongestTokens = 8192;

    public long[] Kinds { get; } = new long[Enum.GetValues<CaptionKind>().Length];

    public Histogram Words { get; } = new(LongestWords);

    /// <summary>Of the words, letters of scripts that are written without spaces.</summary>
    public long Characters { get; private set; }

    /// <summary>Lengths in tokens; nothing is counted without a teacher.</summary>
    public Histogram Tokens { get; } = new(LongestTokens);

    public void Add(Caption caption, int? tokens)
    {
        var (words, characters) = CaptionText.Words(caption.Text);
        Kinds[(int)caption.Kind]++;
        Words.Add(words);
        Characters += characters;
        if (tokens is { } length)
        {
            Tokens.Add(length);
        }
    }

    public void Add(LanguageStatistics other)
    {
        for (var kind = 0; kind < Kinds.Length; kind++)
        {
            Kinds[kind] += other.Kinds[kind];
        }
        Words.Add(other.Words);
        Characters += other.Characters;
        Tokens.Add(other.Tokens);
    }
}

/// <summary>An image's place in the data and its size.</summary>
internal readonly record struct SizedImage(int Ordinal, string Key, int Width, int Height)
{
    public long Pixels => (long)Width * Height;
}

/// <summary>
/// What one pass counts of a data set, in memory that does not grow with it. Each worker has its own; added up in whatever order, they say
/// the same.
/// </summary>
/// <param name="sheetImages">Size of the sample for the contact sheet.</param>
internal sealed class SetStatistics(int sheetImages)
{
    /// <summary>Aspect ratios are counted in hundredths.</summary>
    public const double AspectScale = 0.01;

    private const int LargestSide = 16384;

    public SortedDictionary<string, LanguageStatistics> Languages { get; } = new(StringComparer.Ordinal);

    public SortedDictionary<string, long> Formats { get; } = new(StringComparer.Ordinal);

    public Histogram CaptionsPerImage { get; } = new(1024);

    public Histogram Width { get; } = new(LargestSide);

    public Histogram Height { get; } = new(LargestSide);

    /// <summary>Width by height in hundredths.</summary>
    public Histogram Aspect { get; } = new(2000);

    /// <summary>Size of the encoded image in KB (1,000 bytes), rounded up.</summary>
    public Histogram Kilobytes { get; } = new(LargestSide);

    public SizedImage? Smallest { get; private set; }

    public SizedImage? Largest { get; private set; }

    /// <summary>Images without structure.</summary>
    public long Flat { get; set; }

    public SheetSample Sheet { get; } = new(sheetImages);

    public void AddImage(SizedImage image, string format, int bytes)
    {
        Width.Add(image.Width);
        Height.Add(image.Height);
        Aspect.Add((long)Math.Round(image.Width / (AspectScale * image.Height)));
        Kilobytes.Add((bytes + 999) / 1000);
        Formats[format] = Formats.GetValueOrDefault(format) + 1;
        AddExtremes(image, image);
    }

    public void AddCaption(Caption caption, int? tokens)
    {
        if (!Languages.TryGetValue(caption.Language, out var language))
        {
            Languages.Add(caption.Language, language = new LanguageStatistics());
        }
        language.Add(caption, tokens);
    }

    public void Add(SetStatistics other)
    {
        foreach (var (name, counts) in other.Languages)
        {
            if (!Languages.TryGetValue(name, out var language))
            {
                Languages.Add(name, language = new LanguageStatistics());
            }
            language.Add(counts);
        }
        foreach (var (format, count) in other.Formats)
        {
            Formats[format] = Formats.GetValueOrDefault(format) + count;
        }
        CaptionsPerImage.Add(other.CaptionsPerImage);
        Width.Add(other.Width);
        Height.Add(other.Height);
        Aspect.Add(other.Aspect);
        Kilobytes.Add(other.Kilobytes);
        Flat += other.Flat;
        Sheet.Add(other.Sheet);
        if (other is { Smallest: { } smallest, Largest: { } largest })
        {
            AddExtremes(smallest, largest);
        }
    }

    /// <summary>Of equal sizes, the first in the data.</summary>
    private void AddExtremes(SizedImage small, SizedImage large)
    {
        Smallest = Smallest is { } least && (least.Pixels, least.Ordinal).CompareTo((small.Pixels, small.Ordinal)) < 0 ? least : small;
        Largest = Largest is { } most && (-most.Pixels, most.Ordinal).CompareTo((-large.Pixels, large.Ordinal)) < 0 ? most : large;
    }
}
