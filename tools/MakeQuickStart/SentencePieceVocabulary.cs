using System.Text;

namespace Llm2Clip.MakeQuickStart;

/// <summary>
/// A vocabulary of GGUF's tokenizer model "llama" (SentencePiece BPE with byte fallback), and its encoding: characters are merged
/// pairwise, the pair whose union has the highest score first, the leftmost among equals; a character without a token becomes
/// its UTF-8 bytes. llama.cpp gives the same ids for the same text (a test compares them).
/// </summary>
public sealed class SentencePieceVocabulary
{
    /// <summary>Id of the token that begins every text.</summary>
    public const int Bos = 1;

    /// <summary>Id of the token that ends a document.</summary>
    public const int Eos = 2;

    /// <summary>Id of the token of byte 0; the other bytes follow.</summary>
    public const int FirstByte = 3;

    /// <summary>Id of the line break, which is a byte.</summary>
    public const int LineBreak = FirstByte + '\n';

    private const char Blank = '\u2581'; // SentencePiece writes a space as this
    private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int[]> _known = new(StringComparer.Ordinal);

    /// <summary>Texts of all tokens in order of id.</summary>
    public IReadOnlyList<string> Tokens { get; }

    /// <summary>Scores of all tokens: the earlier learned, the higher.</summary>
    public IReadOnlyList<float> Scores { get; }

    /// <summary>Kinds as GGUF numbers them: 1 normal, 2 unknown, 3 control, 6 byte.</summary>
    public IReadOnlyList<int> Kinds { get; }

    /// <summary>Number of tokens.</summary>
    public int Count => Tokens.Count;

    /// <summary>Unknown, begin, end and the bytes come first, then <paramref name="pieces"/> from the highest score down.</summary>
    public SentencePieceVocabulary(IReadOnlyList<string> pieces)
    {
        string[] special = ["<unk>", "<s>", "</s>"];
        Tokens = [.. special, .. Enumerable.Range(0, 256).Select(b => $"<0x{b:X2}>"), .. pieces];
        Scores = [.. Enumerable.Repeat(0f, special.Length + 256), .. pieces.Select((_, rank) => (float)-rank)];
        Kinds = [2, 3, 3, .. Enumerable.Repeat(6, 256), .. Enumerable.Repeat(1, pieces.Count)];
        for (var i = 0; i < pieces.Count; i++)
        {
            _ids.Add(pieces[i], special.Length + 256 + i);
        }
    }

    /// <summary>The ids of a text, without begin or end token. Not for several threads at once: words are remembered.</summary>
    public IReadOnlyList<int> Encode(string text)
    {
        var ids = new List<int>();
        if (text.Length == 0)
        {
            return ids;
        }
        var spaced = Blank + text.Replace(' ', Blank);
        for (var start = 0; start < spaced.Length;)
        {
            // No token holds a blank but at its start, so nothing merges across one.
            var end = spaced.IndexOf(Blank, start + 1);
            end = end < 0 ? spaced.Length : end;
            ids.AddRange(EncodeWord(spaced[start..end]));
            start = end;
        }
        return ids;
    }

    private int[] EncodeWord(string word)
    {
        if (_known.TryGetValue(word, out var known))
        {
            return known;
        }
        var symbols = word.EnumerateRunes().Select(rune => rune.ToString()).ToList();
        while (true)
        {
            var (best, bestId) = (-1, int.MaxValue);
            for (var i = 0; i + 1 < symbols.Count; i++)
            {
                // Scores fall with the id, so the lowest id is the highest score.
                if (_ids.TryGetValue(symbols[i] + symbols[i + 1], out var id) && id < bestId)
                {
                    (best, bestId) = (i, id);
                }
            }
            if (best < 0)
            {
                break;
            }
            symbols[best] += symbols[best + 1];
            symbols.RemoveAt(best + 1);
        }
        var ids = symbols
            .SelectMany(symbol => _ids.TryGetValue(symbol, out var id) ? [id] : Encoding.UTF8.GetBytes(symbol).Select(b => FirstByte + b))
            .ToArray();
        if (_known.Count < 100_000)
        {
            _known.Add(word, ids);
        }
        return ids;
    }
}
