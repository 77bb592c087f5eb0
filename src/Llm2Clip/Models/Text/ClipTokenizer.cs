using System.Collections.Concurrent;
using System.Text;

namespace Llm2Clip.Models.Text;

/// <summary>Whether special tokens that are spelled out in a caption are read as such.</summary>
public enum SpecialSpelling
{
    /// <summary>As any other text. A caption about an end token would otherwise be pooled in its middle.</summary>
    Text,

    /// <summary>As OpenAI's and Long-CLIP's tokenizers do: <c>&lt;|startoftext|&gt;</c>, <c>&lt;|endoftext|&gt;</c>.</summary>
    OpenAi,

    /// <summary>As open_clip's does: <c>&lt;start_of_text&gt;</c>, <c>&lt;end_of_text&gt;</c>.</summary>
    OpenClip,
}

/// <summary>
/// CLIP's tokenizer: cleaned text in lower case, cut into words, bytes of a word merged pair by pair (https://arxiv.org/abs/1508.07909;
/// openai/CLIP d05afc4 clip/simple_tokenizer.py). Ids are those of OpenAI's, open_clip's and Long-CLIP's tokenizers, but for text that was
/// once decoded by a wrong table (<see cref="CaptionCleaning"/>). Hugging Face's own differs from all of them, as it cleans less.
/// Several threads may use it.
/// </summary>
/// <remarks>
/// Microsoft.ML.Tokenizers 2.0 has byte pairs, but neither this cleaning nor this cutting into words: what would be left to it is the
/// method <see cref="Merge"/>.
/// </remarks>
public sealed class ClipTokenizer
{
    private const int CacheSize = 1 << 16;

    private readonly ClipVocabulary _vocabulary;
    private readonly string[] _specials;
    private readonly Dictionary<long, (int Rank, int Id)> _merges = [];
    private readonly ConcurrentDictionary<string, int[]> _words = [];

    /// <summary>A tokenizer of a vocabulary.</summary>
    internal ClipTokenizer(ClipVocabulary vocabulary, SpecialSpelling spelling = SpecialSpelling.Text)
    {
        _vocabulary = vocabulary;
        _specials = spelling switch
        {
            SpecialSpelling.OpenAi => [ClipVocabulary.Start, ClipVocabulary.End],
            SpecialSpelling.OpenClip => ["<start_of_text>", "<end_of_text>"],
            _ => [],
        };
        foreach (var ((left, right), rank) in vocabulary.Merges.Select((pair, rank) => (pair, rank)))
        {
            // A merge whose symbols are not in the vocabulary never applies.
            if (vocabulary.Ids.TryGetValue(left, out var first) && vocabulary.Ids.TryGetValue(right, out var second))
            {
                var id = vocabulary.Ids.TryGetValue(left + right, out var joined)
                    ? joined
                    : throw new InputException($"{vocabulary.Source} has no token '{left}{right}', which merge {rank + 1} makes.");
                _merges.TryAdd(Key(first, second), (rank, id));
            }
        }
    }

    /// <summary>Opens the vocabulary of a model folder.</summary>
    /// <param name="folder">
    /// Holds <c>vocab.json</c> and <c>merges.txt</c>, <c>tokenizer.json</c> or <c>bpe_simple_vocab_16e6.txt.gz</c>.
    /// </param>
    /// <param name="spelling">Whether special tokens in a caption are read as such.</param>
    /// <exception cref="InputException">There is none, or it is damaged.</exception>
    public static ClipTokenizer Open(string folder, SpecialSpelling spelling = SpecialSpelling.Text) =>
        new(ClipVocabulary.Read(folder), spelling);

    /// <summary>Id of the token that begins every text.</summary>
    public int Start => _vocabulary.StartId;

    /// <summary>Id of the token that ends every text.</summary>
    public int End => _vocabulary.EndId;

    /// <summary>One more than the largest id.</summary>
    public int Size => _vocabulary.Size;

    /// <summary>The vocabulary.</summary>
    internal ClipVocabulary Vocabulary => _vocabulary;

    /// <summary>Ids of a text, start and end token included, of any length.</summary>
    public int[] Encode(string text)
    {
        var ids = new List<int>(32) { Start };
        foreach (var word in CaptionWords.Of(CaptionCleaning.Clean(text), _specials))
        {
            ids.AddRange(Word(word));
        }
        ids.Add(End);
        return [.. ids];
    }

    /// <summary>
    /// Rows of ids of at most <paramref name="context"/> ids each. A text that is longer is an error, or with <paramref name="truncate"/>
    /// loses what is too much before the end token.
    /// </summary>
    /// <param name="texts">The texts.</param>
    /// <param name="context">Ids per text at most.</param>
    /// <param name="truncate">Whether longer texts lose their end.</param>
    /// <param name="key">The setting that <paramref name="truncate"/> comes from, for the message.</param>
    /// <exception cref="InputException">A text is too long and <paramref name="truncate"/> is false.</exception>
    public TokenizedCaptions Encode(IReadOnlyList<string> texts, int context, bool truncate, string key = "eval.truncate")
    {
        var rows = new int[texts.Count][];
        var truncated = 0;
        for (var i = 0; i < rows.Length; i++)
        {
            var ids = Encode(texts[i]);
            if (ids.Length > context)
            {
                if (!truncate)
                {
                    throw new InputException(
                        $"A caption has {ids.Length} tokens with its start and end, but the text tower has {context} positions: "
                        + $"\"{Shortened(texts[i])}\". Set {key}: true to cut captions off at the end, or stretch the tower "
                        + "(llm2clip longclip stretch).");
                }
                ids = [.. ids.AsSpan(0, context - 1), End];
                truncated++;
            }
            rows[i] = ids;
        }
        return new TokenizedCaptions(rows, truncated);
    }

    private static string Shortened(string text) => text.Length <= 60 ? text : text[..60] + "...";

    private static long Key(int left, int right) => ((long)left << 32) | (uint)right;

    private int[] Word(string word)
    {
        if (_words.TryGetValue(word, out var known))
        {
            return known;
        }
        var special = Array.IndexOf(_specials, word);
        int[] ids = special >= 0 ? [special == 0 ? Start : End] : Merge(word);
        if (_words.Count < CacheSize)
        {
            _words.TryAdd(word, ids);
        }
        return ids;
    }

    /// <summary>Merges a word's bytes: the pair of the best rank first, everywhere in the word.</summary>
    private int[] Merge(string word)
    {
        var bytes = Encoding.UTF8.GetBytes(word);
        var symbols = new int[bytes.Length];
        for (var i = 0; i < symbols.Length; i++)
        {
            symbols[i] = i == symbols.Length - 1 ? _vocabulary.LastByteIds[bytes[i]] : _vocabulary.ByteIds[bytes[i]];
        }
        var count = symbols.Length;
        while (count > 1)
        {
            var (best, made, first, second) = (int.MaxValue, 0, 0, 0);
            for (var i = 0; i + 1 < count; i++)
            {
                if (_merges.TryGetValue(Key(symbols[i], symbols[i + 1]), out var merge) && merge.Rank < best)
                {
                    (best, made, first, second) = (merge.Rank, merge.Id, symbols[i], symbols[i + 1]);
                }
            }
            if (best == int.MaxValue)
            {
                break;
            }
            var kept = 0;
            for (var i = 0; i < count; i++)
            {
                var isPair = i + 1 < count && symbols[i] == first && symbols[i + 1] == second;
                symbols[kept++] = isPair ? made : symbols[i];
                i += isPair ? 1 : 0;
            }
            count = kept;
        }
        return symbols[..count];
    }
}

/// <summary>Captions as ids.</summary>
/// <param name="Rows">Ids of each, start and end token included.</param>
/// <param name="Truncated">How many were longer than the context and lost their end.</param>
public sealed record TokenizedCaptions(IReadOnlyList<int[]> Rows, int Truncated);
