using System.Text.RegularExpressions;
using Llm2Clip.Data;
using Llm2Clip.Randomness;

namespace Llm2Clip.Training.LongClip;

/// <summary>What an image trains with in one step.</summary>
/// <param name="Long">Its long caption.</param>
/// <param name="Short">Its short caption.</param>
internal readonly record struct CaptionPair(string Long, string Short);

/// <summary>
/// Long and short captions of images, by their kinds. Where an image has no short caption in the long one's language, its beginning is the
/// short one (beichenzbc/Long-CLIP 3966af9 train/sharegpt4v.py#L55). Which are drawn depends on (seed, pass, key) alone.
/// </summary>
internal sealed class LongClipCaptions
{
    /// <summary>What a regular expression may take for one caption.</summary>
    public static readonly TimeSpan SplitTime = TimeSpan.FromSeconds(1);

    private readonly LongClipConfig _config;
    private readonly Regex? _split;

    /// <summary>The captions that a section asks for.</summary>
    public LongClipCaptions(LongClipConfig config)
    {
        _config = config;
        _split = config.Split.Length == 0 ? null : new Regex(config.Split, RegexOptions.CultureInvariant, SplitTime);
    }

    /// <summary>Whether an image has a long caption.</summary>
    public bool Accepts(IReadOnlyList<Caption> captions) => captions.Any(IsLong);

    /// <summary>Whether each of an image's long captions has a short one, or can be cut.</summary>
    public bool HaveShort(IReadOnlyList<Caption> captions) =>
        _split is not null || _config.ShortWeight == 0 || captions.Where(IsLong).All(one => ShortOf(captions, one).Any());

    /// <summary>The captions of a pass over the data.</summary>
    /// <exception cref="InputException">The image has no short caption, and long ones are not cut.</exception>
    public CaptionPair Pick(Sample sample, int pass)
    {
        var random = SeededRandom.For(_config.Seed, pass, sample.Key, "long caption");
        var chosen = Draw([.. sample.Captions.Where(IsLong)], ref random);
        List<Caption> shorts = [.. ShortOf(sample.Captions, chosen)];
        var text = Line(chosen.Text);
        return new CaptionPair(text, shorts.Count > 0 ? Line(Draw(shorts, ref random).Text) : Beginning(text, sample.Origin));
    }

    /// <summary>All long captions of an image.</summary>
    public IReadOnlyList<string> Long(Sample sample) => [.. sample.Captions.Where(IsLong).Select(caption => Line(caption.Text))];

    /// <summary>All short captions of an image, or the beginnings of its long ones.</summary>
    public IReadOnlyList<string> Short(Sample sample) =>
    [
        .. sample.Captions.Where(IsLong)
            .SelectMany(one => ShortOf(sample.Captions, one).Select(caption => Line(caption.Text))
                .DefaultIfEmpty(_split is null ? "" : Beginning(Line(one.Text), sample.Origin)))
            .Where(text => text.Length > 0).Distinct(),
    ];

    private bool IsLong(Caption caption) => IsAsked(caption)
        && (_config.LongKinds.Count == 0 || _config.LongKinds.Contains(caption.Kind));

    private IEnumerable<Caption> ShortOf(IReadOnlyList<Caption> captions, Caption longOne) => captions.Where(caption =>
        caption.Language == longOne.Language && _config.ShortKinds.Contains(caption.Kind));

    private bool IsAsked(Caption caption) => _config.Languages.Count == 0 || _config.Languages.Contains(caption.Language);

    private string Beginning(string text, string origin)
    {
        if (_split is null)
        {
            return _config.ShortWeight == 0 ? "" : throw new InputException(
                $"{origin} has a long caption and no short one (longclip.short_kinds), and longclip.split is empty.");
        }
        try
        {
            var end = _split.Match(text);
            var beginning = end.Success ? text[..end.Index] : text;
            return beginning.Trim().Length > 0 ? beginning : text;
        }
        catch (RegexMatchTimeoutException error)
        {
            throw new InputException(
                $"{origin}: longclip.split takes more than {SplitTime.TotalSeconds} s for a caption of {text.Length:N0} characters; take a "
                + "simpler expression.", error);
        }
    }

    private static Caption Draw(List<Caption> captions, ref SeededRandom random) => captions[random.NextInt32(captions.Count)];

    /// <summary>Newlines are blanks, so that a full stop at the end of a line ends the short caption too.</summary>
    private static string Line(string text) => text.Replace('\n', ' ');
}
