using System.IO.Hashing;
using System.Runtime.InteropServices;
using Llm2Clip.Data;
using Llm2Clip.Teachers.Store;

namespace Llm2Clip.Training.Stage1;

/// <summary>
/// The training captions by image, as numbers alone: where each one's raw vector is, which captions say the same, which language they have.
/// Images that share two captions are one image (data sets overlap: a photo occurs in Flickr8k and in Multi30k, with other spacing).
/// </summary>
/// <param name="least">Captions that an image needs to be kept: two make a pair; for means alone one is enough.</param>
internal sealed class CcImages(int least = 2)
{
    /// <summary>
    /// Captions that two groups must share, letters and digits compared, to be one image. One alone ("two dogs play") is no proof.
    /// </summary>
    private const int SharedCaptions = 2;

    private readonly List<(int Image, CcCaption Caption)> _read = [];
    private readonly Dictionary<ulong, int> _firstOfWording = []; // The image at which a wording was first seen.
    private readonly List<string> _languages = [];
    private readonly HashSet<int> _heldOut = [];
    private CcCaption[] _captions = [];
    private int[] _starts = [0];
    private int _seen;

    /// <summary>
    /// One caption: its row in the raw store, or in a list of texts, a number that captions of equal wording share, and the index of its
    /// language.
    /// </summary>
    internal readonly record struct CcCaption(long Row, long Wording, int Language);

    /// <summary>Images that are kept, after <see cref="Finish"/>: those with two captions or more, where pairs are made.</summary>
    public int Count => _starts.Length - 1;

    /// <summary>Captions of all images.</summary>
    public int Captions => _captions.Length;

    /// <summary>Groups that turned out to be an image which was there already.</summary>
    public int Merged { get; private set; }

    /// <summary>Images left out because they have one caption only, which makes no pair.</summary>
    public int Single { get; private set; }

    /// <summary>Labels of the languages by index.</summary>
    public IReadOnlyList<string> Languages => _languages;

    /// <summary>Captions of an image.</summary>
    public ReadOnlySpan<CcCaption> this[int image] => _captions.AsSpan(_starts[image].._starts[image + 1]);

    /// <summary>Index of an image's first caption in <see cref="All"/>, and how many it has.</summary>
    public (int First, int Count) RangeOf(int image) => (_starts[image], _starts[image + 1] - _starts[image]);

    /// <summary>The image of a caption index.</summary>
    public int ImageOf(int caption)
    {
        var found = Array.BinarySearch(_starts, caption);
        return found >= 0 ? found : ~found - 1;
    }

    /// <summary>
    /// Adds a group; its captions must be in the store. A held-out image takes no part, nor does any later group that is the same image.
    /// </summary>
    public void Add(CaptionGroup group, EmbeddingStore raw, bool heldOut = false) => Add(group, text => RowIn(raw, text), heldOut);

    /// <summary>The same with the row of a caption's text.</summary>
    public void Add(CaptionGroup group, Func<string, long> rowOf, bool heldOut = false)
    {
        var captions = new List<CcCaption>();
        foreach (var caption in group.Captions)
        {
            var wording = (long)Wording(caption.Text);
            if (captions.TrueForAll(held => held.Wording != wording))
            {
                captions.Add(new CcCaption(rowOf(caption.Text), wording, Language(caption.Language)));
            }
        }
        var image = SameImage(captions);
        var isNew = image < 0;
        image = isNew ? _seen++ : image;
        Merged += isNew ? 0 : 1;
        if (heldOut)
        {
            _heldOut.Add(image);
        }
        foreach (var caption in captions)
        {
            if (_firstOfWording.TryAdd((ulong)caption.Wording, image) || isNew || _firstOfWording[(ulong)caption.Wording] != image)
            {
                _read.Add((image, caption));
            }
        }
    }

    /// <summary>Ends the reading: sorts captions by image and drops images that cannot make a pair.</summary>
    public void Finish()
    {
        var counts = new int[_seen];
        foreach (var (image, _) in _read.Where(entry => !_heldOut.Contains(entry.Image)))
        {
            counts[image]++;
        }
        var starts = new int[_seen]; // Where an image's next caption goes; -1 for those left out.
        List<int> kept = [0];
        for (var image = 0; image < _seen; image++)
        {
            starts[image] = counts[image] < least ? -1 : kept[^1];
            if (counts[image] >= least)
            {
                kept.Add(kept[^1] + counts[image]);
            }
        }
        _starts = [.. kept];
        Single = _seen - Count - _heldOut.Count;
        _captions = new CcCaption[_starts[^1]];
        foreach (var (image, caption) in _read)
        {
            if (starts[image] >= 0)
            {
                _captions[starts[image]++] = caption;
            }
        }
        _read.Clear();
        _firstOfWording.Clear();
        if (Count < 2)
        {
            var need = least == 1 ? "a caption" : "two captions or more";
            throw new InputException($"Caption-contrastive training needs images with {need}; {Count} of {_seen} have that.");
        }
    }

    /// <summary>All captions, image after image.</summary>
    public ReadOnlySpan<CcCaption> All => _captions;

    private static long RowIn(EmbeddingStore raw, string text)
    {
        var row = raw.Find(CaptionHash.Of(text));
        return row >= 0
            ? row
            : throw new InputException(
                $"{raw.Folder} has no vector of \"{EmbeddingStore.Shorten(text)}\" although it was filled: the data changed during the "
                + "run.");
    }

    private int SameImage(List<CcCaption> captions)
    {
        var shared = new Dictionary<int, int>();
        foreach (var caption in captions)
        {
            if (_firstOfWording.TryGetValue((ulong)caption.Wording, out var image)
                && ++CollectionsMarshal.GetValueRefOrAddDefault(shared, image, out _) == SharedCaptions)
            {
                return image;
            }
        }
        return -1;
    }

    private int Language(string label)
    {
        var index = _languages.IndexOf(label);
        if (index < 0)
        {
            _languages.Add(label);
            index = _languages.Count - 1;
        }
        return index;
    }

    /// <summary>Hash of letters and digits in lower case.</summary>
    internal static ulong Wording(string text)
    {
        Span<char> kept = text.Length <= 512 ? stackalloc char[text.Length] : new char[text.Length];
        var length = 0;
        foreach (var letter in text)
        {
            if (char.IsLetterOrDigit(letter) || char.IsSurrogate(letter))
            {
                kept[length++] = char.ToLowerInvariant(letter);
            }
        }
        return XxHash3.HashToUInt64(MemoryMarshal.AsBytes(kept[..length]));
    }
}
