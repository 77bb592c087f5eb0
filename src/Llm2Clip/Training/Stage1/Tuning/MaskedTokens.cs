using LLama.Native;
using Llm2Clip.Randomness;
using Llm2Clip.Teachers.Llm;
using Llm2Clip.Training.Losses;

namespace Llm2Clip.Training.Stage1.Tuning;

/// <summary>A row with masked tokens.</summary>
/// <param name="Text">What the LLM reads.</param>
/// <param name="Labels">The tokens to be told, <see cref="MaskedTokenLoss.NoLabel"/> elsewhere.</param>
internal sealed record MaskedRow(TokenizedText Text, long[] Labels)
{
    /// <summary>Labels that count: not one of the first token.</summary>
    public int Counted => Labels.Skip(1).Count(label => label != MaskedTokenLoss.NoLabel);
}

/// <summary>
/// Masks tokens as transformers' DataCollatorForLanguageModeling does (facts A8): of a share of the tokens four fifths become the mask, a
/// tenth another token, and a tenth stay.
/// </summary>
internal sealed class MaskedTokens
{
    /// <summary>A model without a mask token of its own has the underscore in its place, as in LLM2Vec.</summary>
    private const string MaskText = "_";

    /// <summary>The same in a vocabulary that spells it by its byte.</summary>
    private const string MaskByte = "<0x5F>";

    private readonly double _share;
    private readonly int _mask;
    private readonly int _vocabulary;
    private readonly HashSet<int> _special;

    /// <summary>Throws <see cref="InputException"/> where the vocabulary has no token for the mask.</summary>
    public MaskedTokens(LlamaModel model, double share)
    {
        var tokens = model.Header.GetStrings("tokenizer.ggml.tokens").ToList();
        (_share, _vocabulary, _mask) = (share, tokens.Count, tokens.IndexOf(MaskText));
        _mask = _mask < 0 ? tokens.IndexOf(MaskByte) : _mask;
        if (_mask < 0)
        {
            throw new InputException(
                $"{model.Header.Path}: the vocabulary (key 'tokenizer.ggml.tokens') has no token '{MaskText}', which masked tokens become. "
                + "Choose another cc_finetune.lora.objective.");
        }
        var vocabulary = model.Handle.Vocab;
        _special = [.. new[] { vocabulary.BOS, vocabulary.EOS }.Where(token => token is not null).Select(token => (int)token!.Value)];
    }

    /// <summary>The row with masks.</summary>
    public MaskedRow Mask(TokenizedText text, ref SeededRandom random)
    {
        var tokens = text.Tokens.ToArray();
        var labels = new long[tokens.Length];
        for (var i = 0; i < tokens.Length; i++)
        {
            labels[i] = MaskedTokenLoss.NoLabel;
            if (_special.Contains((int)tokens[i]) || random.NextDouble() >= _share)
            {
                continue;
            }
            labels[i] = (int)tokens[i];
            var kind = random.NextDouble();
            tokens[i] = kind < 0.8 ? (LLamaToken)_mask : kind < 0.9 ? (LLamaToken)random.NextInt32(_vocabulary) : tokens[i];
        }
        return new MaskedRow(text with { Tokens = tokens }, labels);
    }
}
