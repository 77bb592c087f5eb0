using System.Text;
using LLama.Native;

namespace Llm2Clip.Teachers.Llm;

/// <summary>A text as the LLM reads it.</summary>
/// <param name="Tokens">The whole row: BOS, template, text.</param>
/// <param name="FirstCounted">The tokens from here on make the vector: the text's own and what the template puts behind it.</param>
/// <param name="Truncated">The text lost tokens at its right end.</param>
internal sealed record TokenizedText(LLamaToken[] Tokens, int FirstCounted, bool Truncated);

/// <summary>
/// Puts a text into the template, tokenizes the whole and finds the text's own tokens by their byte offsets in it. Tokenizing a part alone
/// would count wrongly where it splits differently in context. A text that is too long loses tokens at its right end; the template's
/// end (end-of-turn) stays, as the model expects to read it.
/// </summary>
internal sealed class CaptionTokenizer
{
    private readonly SafeLlamaModelHandle model;
    private readonly TokenPieces pieces;
    private readonly string header;
    private readonly string footer;
    private readonly int maxLength;

    /// <summary>
    /// Throws <see cref="ConfigException"/> where the template lacks <c>{text}</c> or leaves no room for a text in
    /// <paramref name="maxLength"/> tokens, and <see cref="InputException"/> where the vocabulary cannot spell every text.
    /// </summary>
    public CaptionTokenizer(LlamaModel llm, string template, string instruction, int maxLength)
    {
        RequireByteFallback(llm);
        model = llm.Handle;
        this.maxLength = maxLength;
        pieces = new TokenPieces(model, llm.Header.Path);
        if (TeacherSettings.ProblemsOf(template, instruction).ToList() is [var (key, problem), ..])
        {
            throw new ConfigException($"teacher.{key} {problem}.");
        }
        var parts = template.Split(TeacherSettings.TextMark);
        (header, footer) = (parts[0].Replace(TeacherSettings.InstructionMark, instruction, StringComparison.Ordinal), parts[1]);
        var around = Place("a").Tokens.Length - 1;
        if (around >= maxLength)
        {
            throw new ConfigException(
                $"teacher.max_length {maxLength} leaves no room for a text: the template alone takes {around} tokens.");
        }
    }

    /// <summary>
    /// Tokenises a text without the white space around it. Throws <see cref="InputException"/> where nothing is left, or where the tokens
    /// cannot be found in the text again.
    /// </summary>
    public TokenizedText Tokenize(string text)
    {
        var trimmed = text.Trim();
        if (trimmed.Length == 0)
        {
            throw new InputException("A caption is empty; a teacher has no vector for it. Leave it out of the data.");
        }
        var (tokens, ends) = Place(trimmed);
        var textStart = Encoding.UTF8.GetByteCount(header);
        var textEnd = textStart + Encoding.UTF8.GetByteCount(trimmed);
        // A token counts from the first one on that ends inside the text: one that holds the header's last space and the text's first
        // letters belongs to the text. Tokens without a place (BOS) end at 0.
        var first = Array.FindIndex(ends, end => end > textStart);
        // Behind the text: tokens that begin at or after its end.
        var behind = ends.Length - 1 - Array.FindIndex(ends, end => end >= textEnd);
        if (tokens.Length <= maxLength)
        {
            return new TokenizedText(tokens, first, false);
        }
        var kept = Math.Max(maxLength - behind, 0);
        return new TokenizedText([.. tokens.AsSpan(0, kept), .. tokens.AsSpan(tokens.Length - behind)], first, true);
    }

    /// <summary>
    /// A SentencePiece vocabulary without a token for every byte makes libllama throw through its C interface, which ends the process, at
    /// the first text that needs one.
    /// </summary>
    private static void RequireByteFallback(LlamaModel llm)
    {
        if (llm.Handle.Vocab.Type != LLamaVocabType.SentencePiece)
        {
            return;
        }
        var tokens = llm.Header.GetStrings("tokenizer.ggml.tokens").ToHashSet();
        var missing = Enumerable.Range(0, 256).FirstOrDefault(
            b => !tokens.Contains($"<0x{b:X2}>") && !(b < 128 && tokens.Contains($"{(char)b}")), -1);
        if (missing >= 0)
        {
            throw new InputException(
                $"{llm.Header.Path}: the vocabulary (key 'tokenizer.ggml.tokens') has no token <0x{missing:X2}>, so it cannot spell every "
                + "text. Give a model with byte fallback.");
        }
    }

    /// <summary>Tokens of the rendered whole, each with the byte offset at which it ends.</summary>
    private (LLamaToken[] Tokens, int[] Ends) Place(string text)
    {
        var tokens = model.Tokenize(header + text + footer, true, true, Encoding.UTF8);
        var rendered = Encoding.UTF8.GetBytes(header + text + footer);
        var ends = pieces.Ends(tokens, rendered);
        var from = Encoding.UTF8.GetByteCount(header);
        if (HasControl(tokens, ends, from, rendered.Length - Encoding.UTF8.GetByteCount(footer)))
        {
            // The text spells a control token. Special tokens cut a text into fragments that are tokenized one by one, so the fragment
            // around the text can be taken without them, with the template's own on both sides.
            tokens = WithoutControl(text);
            ends = pieces.Ends(tokens, rendered);
        }
        return (tokens, ends);
    }

    private bool HasControl(LLamaToken[] tokens, int[] ends, int from, int to)
    {
        for (var i = 0; i < tokens.Length; i++)
        {
            if (ends[i] > from && ends[i] <= to && pieces.IsControl(tokens[i]))
            {
                return true;
            }
        }
        return false;
    }

    private LLamaToken[] WithoutControl(string text)
    {
        var before = LastControlEnd(header);
        var behind = FirstControlStart(footer);
        var addsEnd = model.Vocab.ShouldAddEOS;
        var head = model.Tokenize(header[..before], true, true, Encoding.UTF8);
        var middle = model.Tokenize(header[before..] + text + footer[..behind], false, false, Encoding.UTF8);
        var tail = behind < footer.Length ? model.Tokenize(footer[behind..], false, true, Encoding.UTF8) : [];
        // The model's own EOS, where it adds one, belongs behind everything.
        return addsEnd && model.Vocab.EOS is { } end ? [.. head.AsSpan(..^1), .. middle, .. tail, end] : [.. head, .. middle, .. tail];
    }

    private int LastControlEnd(string part) => ControlPlaces(part).Select(place => place.End).LastOrDefault();

    private int FirstControlStart(string part) => ControlPlaces(part).Select(place => (int?)place.Start).FirstOrDefault() ?? part.Length;

    /// <summary>Where control tokens occur in a piece of the template, as indices of characters.</summary>
    private IEnumerable<(int Start, int End)> ControlPlaces(string part)
    {
        var bytes = Encoding.UTF8.GetBytes(part);
        var tokens = model.Tokenize(part, false, true, Encoding.UTF8);
        var ends = pieces.Ends(tokens, bytes);
        for (var i = 0; i < tokens.Length; i++)
        {
            if (pieces.IsControl(tokens[i]))
            {
                var start = ends[i] - pieces.Of(tokens[i]).Length;
                yield return (Encoding.UTF8.GetCharCount(bytes, 0, start), Encoding.UTF8.GetCharCount(bytes, 0, ends[i]));
            }
        }
    }
}
