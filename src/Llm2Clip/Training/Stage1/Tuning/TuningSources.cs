using Llm2Clip.Data;
using Llm2Clip.Teachers.Llm;

namespace Llm2Clip.Training.Stage1.Tuning;

/// <summary>Puts together what LoRA is trained on: the captions of data.train, and further sets by their weights.</summary>
internal sealed class TuningSources(
    CcFinetuneConfig config, DataConfig data, TuningData captions, TunedLlm llm, CancellationToken cancellation)
{
    private readonly LlmLoraConfig _lora = config.Lora!;
    private readonly CaptionTokenizer _documents = llm.Tokenizer("");

    /// <summary>The batches of a run. Throws <see cref="InputException"/> for a set that cannot be read.</summary>
    public ITuningSource Build()
    {
        switch (_lora.Objective)
        {
            case TuningObjective.Unsupervised:
                return new SingleTextSource(
                    captions.Images, captions.Texts, _lora.BatchSize, config.Seed, Queries(_lora.Instruction), Queries(_lora.Instruction));
            case TuningObjective.MaskedTokens:
                var texts = captions.Images.All.ToArray().Select(caption => captions.Texts[(int)caption.Row]);
                return new PackedTextSource(
                    [.. texts.Select(text => _documents.Tokenize(text).Tokens)], _lora.MaxTokens, _lora.BatchSize, config.Seed);
        }
        var sets = Sets().ToList();
        var all = sets.Sum(set => set.Weight);
        return sets.Count == 1 ? sets[0].Make(_lora.BatchSize)
            : _lora.Mixing == TuningMixing.Homogeneous
                ? new AlternatingSource([.. sets.Select(set => (set.Make(_lora.BatchSize), set.Weight))], config.Seed)
            : new JoinedTuningSource([.. sets.Select(set => set.Make(Math.Max(2, (int)Math.Round(_lora.BatchSize * set.Weight / all))))]);
    }

    /// <summary>Each set's weight, and how it is made with a batch size.</summary>
    private IEnumerable<(double Weight, Func<int, ITuningSource> Make)> Sets()
    {
        if (_lora.CaptionWeight > 0)
        {
            yield return (_lora.CaptionWeight, size => Captions(captions.Images, captions.Texts, size, _lora.Instruction));
        }
        foreach (var set in _lora.Sets)
        {
            if (set.Kind == TuningSetKind.Pairs)
            {
                var pairs = TextPairs.Read(set.Path, cancellation);
                yield return (set.Weight, size => new TextPairSource(pairs, size, config.Seed, Queries(set.Instruction), _documents));
            }
            else
            {
                var (images, texts) = Read(set);
                yield return (set.Weight, size => Captions(images, texts, size, set.Instruction));
            }
        }
    }

    private CaptionPairSource Captions(CcImages images, IReadOnlyList<string> texts, int size, string instruction) =>
        new(images, texts, new CcPairs(images, size, config.Seed), Queries(instruction), _documents);

    private (CcImages Images, List<string> Texts) Read(TuningSetConfig set)
    {
        var (images, texts) = (new CcImages(), new List<string>());
        var source = new TextSourceConfig { Path = set.Path, Language = set.Language };
        foreach (var group in CaptionStream.Of(source, data, SilentLog.Instance, cancellation))
        {
            images.Add(group, text =>
            {
                texts.Add(text);
                return texts.Count - 1;
            });
        }
        try
        {
            images.Finish();
        }
        catch (InputException error)
        {
            throw new InputException($"cc_finetune.lora.sets: {set.Path}: {error.Message}", error);
        }
        return (images, texts);
    }

    private CaptionTokenizer Queries(string instruction) => instruction.Length == 0 ? _documents : llm.Tokenizer(instruction);
}
