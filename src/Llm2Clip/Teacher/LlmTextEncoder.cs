using Llm2Clip.Configuration;
using Llm2Clip.Teachers.Decoder;
using Llm2Clip.Teachers.Llm;

namespace Llm2Clip.Teachers;

/// <summary>
/// Pooled hidden states of an LLM: many texts at once. The LLM runs once for each attention that <see cref="TeacherSettings.Layers"/>
/// names, up to the deepest block that is read with it.
/// </summary>
internal sealed class LlmTextEncoder : ILlmEncoder
{
    private readonly ILlmRuntime _runtime;
    private readonly CaptionTokenizer _tokenizer;
    private readonly string _template;
    private readonly int _layers;
    private readonly int _maxLength;

    /// <summary>
    /// Loads a GGUF model.
    /// </summary>
    /// <param name="model">The model, or the first part of a split one, and the LoRA that goes with it.</param>
    /// <param name="settings">What determines the vectors.</param>
    /// <param name="config">What does not: batch, threads, output head.</param>
    /// <param name="log">Where decisions go.</param>
    /// <exception cref="InputException">A file is missing, damaged or no decoder model, or lacks what the runtime needs; or the LoRA is for
    /// another model.</exception>
    /// <exception cref="ConfigException">Template, lengths or layers make no sense.</exception>
    public LlmTextEncoder(TeacherModel model, TeacherSettings settings, TeacherConfig config, IRunLog log)
    {
        Checked.Require(settings, "teacher");
        Checked.Require(config, "teacher");
        (_layers, _template) = (settings.LayerList().Count, settings.Template);
        var llama = settings.Runtime == TeacherRuntime.Llama ? new LlamaPasses(model.Path, settings, model.Lora?.Path) : null;
        _runtime = llama ?? (ILlmRuntime)new TensorRuntime(model.Path, settings, config, log, model.Lora?.Path);
        try
        {
            _maxLength = Math.Min(settings.MaxLength, _runtime.Vocabulary.ContextLength);
            _tokenizer = new CaptionTokenizer(_runtime.Vocabulary, settings.Template, settings.Instruction, _maxLength);
            llama?.Prepare(config, _maxLength, log);
            Fingerprint = FingerprintOf(model.WeightsSha256, settings);
        }
        catch
        {
            _runtime.Dispose();
            throw;
        }
    }

    /// <summary>Width of the LLM's hidden states times the number of layers.</summary>
    public int Dimension => _layers * _runtime.Width;

    public string Fingerprint { get; }

    /// <summary>The LLM in tensors; null where libllama runs it.</summary>
    public TensorRuntime? Tensors => _runtime as TensorRuntime;

    /// <summary>
    /// The tokenizer of texts with another instruction. Throws <see cref="ConfigException"/> where the template has no place for one.
    /// </summary>
    public CaptionTokenizer TokenizerFor(string instruction) => new(_runtime.Vocabulary, _template, instruction, _maxLength);

    /// <summary>Tokens of a text as it is run, for inspection.</summary>
    public TokenizedText Tokenize(string text) => _tokenizer.Tokenize(text);

    /// <inheritdoc/>
    public EncodedTexts Encode(IReadOnlyList<string> texts, IRunLog log, CancellationToken cancellation = default)
    {
        var vectors = new float[(long)texts.Count * Dimension];
        var truncated = 0;
        using (var progress = log.Start("teacher", texts.Count, "captions"))
        {
            foreach (var batch in EncodeInBatches(texts, cancellation))
            {
                for (var i = 0; i < batch.Texts.Count; i++)
                {
                    batch.Vectors.AsSpan(i * Dimension, Dimension).CopyTo(vectors.AsSpan(batch.Texts[i] * Dimension));
                }
                truncated += batch.Truncated;
                progress.Advance(batch.Texts.Count);
            }
        }
        if (truncated > 0)
        {
            log.Warn(
                $"{truncated} of {texts.Count} captions are longer than {_maxLength} tokens and lost their right end "
                + "(teacher.max_length).");
        }
        return new EncodedTexts(vectors, truncated);
    }

    /// <inheritdoc/>
    public IEnumerable<EncodedBatch> EncodeInBatches(IReadOnlyList<string> texts, CancellationToken cancellation = default)
    {
        var rows = new TokenizedText[texts.Count];
        for (var i = 0; i < rows.Length; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            rows[i] = _tokenizer.Tokenize(texts[i]);
        }
        var sequences = Array.ConvertAll(rows, row => row.Tokens);
        var (done, all) = (0L, sequences.Sum(sequence => (long)sequence.Length));
        foreach (var members in _runtime.Batches(sequences))
        {
            cancellation.ThrowIfCancellationRequested();
            var vectors = _runtime.Encode(rows, members);
            var tokens = members.Sum(text => sequences[text].Length);
            done += tokens;
            yield return new EncodedBatch(
                members, vectors, members.Count(text => rows[text].Truncated), tokens, (double)done / all);
        }
    }

    public void Dispose() => _runtime.Dispose();

    /// <summary>
    /// Fingerprint of the vectors of a model, given the hash of its weights; nothing is loaded for it. What libllama's final norm gives has
    /// the fingerprint that it had when nothing else could be read. Tensors have another one for each precision, as their vectors differ
    /// from libllama's, and from each other's, by far more than a store's rounding does.
    /// </summary>
    internal static string FingerprintOf(string weights, TeacherSettings settings)
    {
        if (settings.Runtime == TeacherRuntime.Tensors)
        {
            return Fingerprints.Of(
                "llm-tensors-1", weights, settings.Template, settings.Instruction, $"{settings.Pooling}",
                string.Join(", ", settings.LayerList()), $"{settings.FullWindow}", $"{settings.MaxLength}", $"{settings.Precision}");
        }
        var layers = settings.LayerList();
        var isFinal = layers is [{ Block: TeacherLayer.Final }];
        string[] parts =
        [
            isFinal ? "llm-pooled-1" : "llm-layers-1",
            weights,
            settings.Template,
            settings.Instruction,
            $"{settings.Pooling}",
            isFinal ? $"{layers[0].Attention}" : string.Join(", ", layers),
            $"{settings.FullWindow}",
            $"{settings.MaxLength}",
            $"{settings.FlashAttention}",
            $"{settings.KvType}",
        ];
        return Fingerprints.Of(parts);
    }
}
