using System.Text;
using LLama.Native;

namespace Llm2Clip.Teachers.Llm;

/// <summary>The bytes that each token stands for, and through them the places of tokens in a text.</summary>
internal sealed class TokenPieces
{
    private const int LongestPiece = 1024;
    private readonly SafeLlamaModelHandle model;
    private readonly string path;
    private readonly byte[]?[] known;
    private readonly int bos;
    private readonly int eos;

    /// <summary><paramref name="path"/> names the model in messages.</summary>
    public TokenPieces(SafeLlamaModelHandle model, string path)
    {
        (this.model, this.path) = (model, path);
        known = new byte[model.Vocab.Count][];
        bos = model.Vocab.ShouldAddBOS && model.Vocab.BOS is { } first ? (int)first : -1;
        eos = model.Vocab.ShouldAddEOS && model.Vocab.EOS is { } last ? (int)last : -1;
    }

    /// <summary>True for tokens such as end-of-turn, whose names a caption must not turn into them.</summary>
    public bool IsControl(LLamaToken token) => token.IsControl(model.Vocab);

    /// <summary>The bytes of a token; a control token's name.</summary>
    public ReadOnlySpan<byte> Of(LLamaToken token) => known[(int)token] ??= Read(token);

    /// <summary>
    /// Offset behind each token's last byte in <paramref name="text"/>. Tokens that stand for no text (BOS and EOS added by the model's
    /// rule) end where the one before them ends. Throws <see cref="InputException"/> where a token cannot be found in the text.
    /// </summary>
    public int[] Ends(LLamaToken[] tokens, ReadOnlySpan<byte> text)
    {
        var ends = new int[tokens.Length];
        var at = 0;
        for (var i = 0; i < tokens.Length; i++)
        {
            at += Length(tokens, i, text[at..], at);
            ends[i] = at;
        }
        // A missing rest would mean that tokens were given to the wrong bytes; white space may go at a special token.
        return text[at..].IndexOfAnyExcept(" \t\r\n"u8) < 0 ? ends : throw NotFound(text);
    }

    private int Length(LLamaToken[] tokens, int index, ReadOnlySpan<byte> rest, int at)
    {
        var token = tokens[index];
        var piece = Of(token);
        // These two come on top of the text, also where the text spells them itself.
        if ((index == 0 && (int)token == bos) || (index == tokens.Length - 1 && (int)token == eos))
        {
            return 0;
        }
        if (rest.StartsWith(piece) && piece.Length > 0)
        {
            return piece.Length;
        }
        // SentencePiece models put a space in front of a text or behind a special token.
        if (piece.Length > 0 && piece[0] == ' ' && rest.StartsWith(piece[1..]))
        {
            return piece.Length - 1;
        }
        // Some special tokens swallow the white space around them.
        var blank = rest.IndexOfAnyExcept(" \t\r\n"u8);
        if (blank > 0 && piece.Length > 0 && (rest[blank..].StartsWith(piece) || (piece[0] == ' ' && rest[blank..].StartsWith(piece[1..]))))
        {
            return blank + piece.Length - (rest[blank..].StartsWith(piece) ? 0 : 1);
        }
        if (token.GetAttributes(model.Vocab).HasFlag(LLamaTokenAttr.Unknown)
            && Rune.DecodeFromUtf8(rest, out _, out var bytes) == System.Buffers.OperationStatus.Done)
        {
            return bytes;
        }
        throw NotFound(rest, at);
    }

    private byte[] Read(LLamaToken token)
    {
        Span<byte> buffer = stackalloc byte[LongestPiece];
        var count = (int)model.TokenToSpan(token, buffer, 0, special: true);
        if (count <= buffer.Length)
        {
            return buffer[..count].ToArray();
        }
        var large = new byte[count];
        _ = model.TokenToSpan(token, large, 0, special: true);
        return large;
    }

    private InputException NotFound(ReadOnlySpan<byte> text, int at = 0) => new(
        $"{path}: the model's tokenizer changes texts, so its tokens cannot be found in them again (byte {at}, before "
        + $"'{Encoding.UTF8.GetString(text[..Math.Min(text.Length, 40)])}'). "
        + "Models with SentencePiece or byte-level BPE vocabularies can be used.");
}
