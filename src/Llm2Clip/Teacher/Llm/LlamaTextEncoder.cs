using Llm2Clip.Configuration;

namespace Llm2Clip.Teachers.Llm;

/// <summary>Pooled hidden states of an LLM in libllama: many texts per decode.</summary>
internal sealed class LlamaTextEncoder : ILlmEncoder
{
    private readonly LlamaModel model;
    private readonly SequenceDecoder decoder;
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
    /// <exception cref="InputException">The file is missing, damaged or no decoder model.</exception>
    /// <exception cref="ConfigException">Template or lengths make no sense.</exception>
    public LlamaTextEncoder(string path, TeacherSettings settings, TeacherConfig config, string? weightsSha256, IRunLog log)
    {
        Checked.Require(settings, "teacher");
        Checked.Require(config, "teacher");
        this.settings = settings;
        model = LlamaModel.Load(path, settings is { Attention: TeacherAttention.Bidirectional, FullWindow: true });
        try
        {
            maxLength = Math.Min(settings.MaxLength, model.Handle.ContextSize);
            tokenizer = new CaptionTokenizer(model, settings.Template, settings.Instruction, maxLength);
            var options = new DecoderOptions(settings.Attention, maxLength)
            {
                BatchTokens = config.BatchTokens,
                Threads = config.Threads,
                FlashAttention = settings.FlashAttention,
                KvType = settings.KvType,
                SkipHead = config.SkipHead,
            };
            decoder = new SequenceDecoder(model, options, log);
            Fingerprint = FingerprintOf(weightsSha256 ?? WeightsHash.Of(model.Header), settings);
        }
        catch
        {
            decoder?.Dispose();
            model.Dispose();
            throw;
        }
    }

    /// <summary>Width of the LLM's hidden states.</summary>
    public int Dimension => decoder.Width;

    public string Fingerprint { get; }

    /// <summary>True where the output head is left out.</summary>
    public bool HeadSkipped => decoder.HeadSkipped;

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
        foreach (var members in decoder.RunInBatches(sequences, Pool, cancellation))
        {
            var tokens = members.Sum(text => sequences[text].Length);
            done += tokens;
            yield return new EncodedBatch(
                members, [.. members.SelectMany(text => vectors[text])], members.Count(text => rows[text].Truncated), tokens,
                (double)done / all);
            vectors.Clear();
        }

        void Pool(int text, int position, ReadOnlySpan<float> state)
        {
            if (!vectors.TryGetValue(text, out var vector))
            {
                vectors[text] = vector = new float[Dimension];
            }
            StatePooling.Add(settings.Pooling, rows[text], position, state, vector);
        }
    }

    public void Dispose()
    {
        decoder.Dispose();
        model.Dispose();
    }

    /// <summary>Fingerprint of the vectors of a model, given the hash of its weights; nothing is loaded for it.</summary>
    internal static string FingerprintOf(string weights, TeacherSettings settings) => Fingerprints.Of(
        "llm-pooled-1",
        weights,
        settings.Template,
        settings.Instruction,
        $"{settings.Pooling}",
        $"{settings.Attention}",
        $"{settings.FullWindow}",
        $"{settings.MaxLength}",
        $"{settings.FlashAttention}",
        $"{settings.KvType}");
}
