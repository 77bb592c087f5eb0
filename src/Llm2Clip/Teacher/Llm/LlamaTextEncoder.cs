using Llm2Clip.Configuration;

namespace Llm2Clip.Teachers.Llm;

/// <summary>
/// Pooled hidden states of an LLM in libllama: many texts per decode. The LLM runs once for each attention that
/// <see cref="TeacherSettings.Layers"/> names, up to the deepest block that is read with it.
/// </summary>
internal sealed class LlamaTextEncoder : ILlmEncoder
{
    private readonly LlamaPasses passes;
    private readonly CaptionTokenizer tokenizer;
    private readonly TeacherSettings settings;
    private readonly int maxLength;

    /// <summary>
    /// Loads the GGUF model at <paramref name="path"/>.
    /// </summary>
    /// <param name="path">The model, or the first part of a split one.</param>
    /// <param name="settings">What determines the vectors.</param>
    /// <param name="config">What does not: batch, threads, output head.</param>
    /// <param name="weightsSha256">Hash of the file for the fingerprint; null: taken here.</param>
    /// <param name="log">Where decisions go.</param>
    /// <exception cref="InputException">The file is missing, damaged or no decoder model, or its graph lacks a layer.</exception>
    /// <exception cref="ConfigException">Template, lengths or layers make no sense.</exception>
    public LlamaTextEncoder(string path, TeacherSettings settings, TeacherConfig config, string? weightsSha256, IRunLog log)
    {
        Checked.Require(settings, "teacher");
        Checked.Require(config, "teacher");
        this.settings = settings;
        passes = new LlamaPasses(path, settings);
        try
        {
            maxLength = Math.Min(settings.MaxLength, passes.Model.Handle.ContextSize);
            tokenizer = new CaptionTokenizer(passes.Model, settings.Template, settings.Instruction, maxLength);
            passes.Prepare(config, maxLength, log);
            Fingerprint = FingerprintOf(weightsSha256 ?? WeightsHash.Of(passes.Model.Header), settings);
        }
        catch
        {
            passes.Dispose();
            throw;
        }
    }

    /// <summary>Width of the LLM's hidden states times the number of layers.</summary>
    public int Dimension => passes.Layers.Count * passes.Model.Width;

    public string Fingerprint { get; }

    /// <summary>True where the output head is left out.</summary>
    public bool HeadSkipped => passes.HeadSkipped;

    /// <summary>Tokens of a text as it is run, for inspection.</summary>
    public TokenizedText Tokenize(string text) => tokenizer.Tokenize(text);

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
                $"{truncated} of {texts.Count} captions are longer than {maxLength} tokens and lost their right end "
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
            rows[i] = tokenizer.Tokenize(texts[i]);
        }
        var vectors = new Dictionary<int, float[]>();
        var sequences = Array.ConvertAll(rows, row => row.Tokens);
        var (done, all) = (0L, sequences.Sum(sequence => (long)sequence.Length));
        foreach (var members in passes.Batches(sequences))
        {
            cancellation.ThrowIfCancellationRequested();
            passes.Run(sequences, members, Pool);
            var tokens = members.Sum(text => sequences[text].Length);
            done += tokens;
            yield return new EncodedBatch(
                members, [.. members.SelectMany(text => vectors[text])], members.Count(text => rows[text].Truncated), tokens,
                (double)done / all);
            vectors.Clear();
        }

        void Pool(int text, int position, int layer, ReadOnlySpan<float> state)
        {
            if (!vectors.TryGetValue(text, out var vector))
            {
                vectors[text] = vector = new float[Dimension];
            }
            var factor = passes.Layers[layer].IsScaled ? StatePooling.Unit(state) : 1;
            StatePooling.Add(settings.Pooling, rows[text], position, state, factor, vector.AsSpan(layer * state.Length, state.Length));
        }
    }

    public void Dispose() => passes.Dispose();

    /// <summary>
    /// Fingerprint of the vectors of a model, given the hash of its weights; nothing is loaded for it. What the final norm gives has the
    /// fingerprint that it had when nothing else could be read.
    /// </summary>
    internal static string FingerprintOf(string weights, TeacherSettings settings)
    {
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
