using LLama.Exceptions;
using LLama.Native;

namespace Llm2Clip.Teachers.Llm;

/// <summary>How token sequences are run through the LLM.</summary>
/// <param name="Attention">Which tokens a token sees.</param>
/// <param name="MaxLength">Longest sequence in tokens.</param>
internal sealed record DecoderOptions(TeacherAttention Attention, int MaxLength)
{
    /// <summary>Tokens in a batch where nothing is said: 128 to 512 are fastest on a CPU, as attention runs over the whole cache.</summary>
    public const int StandardBatch = 256;

    /// <summary>Tokens in a batch; one sequence longer than that makes a batch alone.</summary>
    public int BatchTokens { get; init; } = StandardBatch;

    /// <summary>Threads; 0: one per core.</summary>
    public int Threads { get; init; }

    /// <summary>Fused attention.</summary>
    public bool FlashAttention { get; init; }

    /// <summary>Format of the key/value cache.</summary>
    public KvCacheType KvType { get; init; } = KvCacheType.F32;

    /// <summary>
    /// Leave out what is behind the last state that is read, the output head at least, where that provably changes nothing.
    /// </summary>
    public bool SkipHead { get; init; } = true;

    /// <summary>Whose states are read, as <see cref="TeacherLayer.Block"/> counts.</summary>
    public IReadOnlyList<int> Blocks { get; init; } = [TeacherLayer.Final];
}

/// <summary>Takes the state of one token behind one of <see cref="DecoderOptions.Blocks"/>, named by its place in that list.</summary>
internal delegate void StateReceiver(int sequence, int position, int block, ReadOnlySpan<float> state);

/// <summary>
/// Runs many token sequences through the LLM, several per batch, each its own sequence in one unified key/value cache that is emptied
/// before every batch. One batch is one ubatch, as non-causal attention needs.
/// </summary>
internal sealed class SequenceDecoder : IDisposable
{
    private const int CacheGranularity = 256;

    private readonly DecoderOptions options;
    private readonly SafeLLamaContextHandle context;
    private readonly GraphTap tap = new();
    private readonly TappedTensor?[] tapped = []; // by the place in DecoderOptions.Blocks; null = what libllama gives out itself
    private readonly LLamaBatch batch = new();
    private readonly int maxSequences;

    /// <summary>
    /// Sets up a context on <paramref name="model"/>, which stays the caller's. Throws as <see cref="LayerTensors.Find"/>.
    /// </summary>
    public SequenceDecoder(LlamaModel model, DecoderOptions options, IRunLog log)
    {
        this.options = options;
        var tokens = Math.Max(options.BatchTokens, options.MaxLength);
        maxSequences = (int)Math.Min(NativeApi.llama_max_parallel_sequences(), options.BatchTokens);
        context = Create(model, Parameters(tokens));
        context.SetCausalAttention(options.Attention == TeacherAttention.Causal);
        Width = model.Width;
        try
        {
            tapped = LayerTensors.Find(model, options.Blocks, Survey);
            foreach (var tensor in tapped.OfType<TappedTensor>())
            {
                tap.Add(tensor);
            }
            if (!options.SkipHead)
            {
                return;
            }
            if (Array.Exists(tapped, tensor => tensor is null))
            {
                SkipHeadIfExact(model, log);
            }
            else
            {
                // Each state is taken before what is left out would be computed.
                tap.StopsAtLast = true;
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Length of a hidden state.</summary>
    public int Width { get; }

    /// <summary>True where the output head is left out.</summary>
    public bool HeadSkipped => tap.StopsAtHead || tap.StopsAtLast;

    /// <summary>
    /// Gives every state of every sequence to <paramref name="receive"/>, in no particular order of sequences.
    /// </summary>
    public void Run(IReadOnlyList<LLamaToken[]> sequences, StateReceiver receive, CancellationToken cancellation = default)
    {
        foreach (var members in Batches(sequences))
        {
            cancellation.ThrowIfCancellationRequested();
            Run(sequences, members, receive);
        }
    }

    /// <summary>The same for one of <see cref="Batches"/>.</summary>
    public void Run(IReadOnlyList<LLamaToken[]> sequences, IReadOnlyList<int> members, StateReceiver receive)
    {
        Decode(sequences, members);
        var index = 0;
        foreach (var sequence in members)
        {
            for (var position = 0; position < sequences[sequence].Length; position++, index++)
            {
                for (var block = 0; block < tapped.Length; block++)
                {
                    receive(
                        sequence, position, block,
                        tapped[block] is { } tensor ? tensor.Values.Slice(index * Width, Width) : context.GetEmbeddingsIth(index));
                }
            }
        }
    }

    public void Dispose()
    {
        context.Dispose();
        tap.Dispose();
    }

    /// <summary>Sequences of like length, cut into batches of at most the configured tokens.</summary>
    public IEnumerable<IReadOnlyList<int>> Batches(IReadOnlyList<LLamaToken[]> sequences) =>
        LengthSorted.Batches(sequences, (_, tokens, count) => tokens <= options.BatchTokens && count <= maxSequences);

    private void Decode(IReadOnlyList<LLamaToken[]> sequences, IReadOnlyList<int> members)
    {
        batch.Clear();
        for (var id = 0; id < members.Count; id++)
        {
            var tokens = sequences[members[id]];
            if (tokens.Length is 0 || tokens.Length > options.MaxLength)
            {
                throw new ArgumentException($"Sequence {members[id]} has {tokens.Length} tokens; 1 to {options.MaxLength} can be decoded.");
            }
            for (var position = 0; position < tokens.Length; position++)
            {
                batch.Add(tokens[position], position, (LLamaSeqId)id, logits: true);
            }
        }
        context.MemoryClear(false);
        tap.Begin();
        var result = context.Decode(batch);
        if (result != DecodeResult.Ok)
        {
            throw new RunException(
                $"libllama could not decode a batch of {batch.TokenCount} tokens: {result}. Try a smaller teacher.batch_tokens.");
        }
        foreach (var tensor in tapped.OfType<TappedTensor>())
        {
            if (tensor.Count != (long)batch.TokenCount * Width)
            {
                throw new RunException(
                    $"libllama computed {tensor.Count} values of {tensor.Name} for {batch.TokenCount} tokens of width {Width}.");
            }
        }
    }

    private LLamaContextParams Parameters(int tokens)
    {
        var threads = options.Threads > 0 ? options.Threads : Environment.ProcessorCount;
        var cells = (tokens + CacheGranularity - 1) / CacheGranularity * CacheGranularity;
        var parameters = LLamaContextParams.Default();
        parameters.n_ctx = (uint)cells;
        parameters.n_batch = (uint)tokens;
        parameters.n_ubatch = (uint)tokens;
        parameters.n_seq_max = (uint)maxSequences;
        parameters.n_threads = threads;
        parameters.n_threads_batch = threads;
        parameters.kv_unified = true;
        parameters.embeddings = true;
        parameters.llama_pooling_type = LLamaPoolingType.None;
        parameters.attention_type = options.Attention == TeacherAttention.Causal ? LLamaAttentionType.Causal : LLamaAttentionType.NonCausal;
        parameters.llama_flash_attn_type = options.FlashAttention
            ? LLamaFlashAttentionType.LLAMA_FLASH_ATTENTION_TYPE_ENABLED
            : LLamaFlashAttentionType.LLAMA_FLASH_ATTENTION_TYPE_DISABLED;
        parameters.type_k = parameters.type_v = options.KvType == KvCacheType.F32 ? GGMLType.GGML_TYPE_F32 : GGMLType.GGML_TYPE_F16;
        parameters.cb_eval = GraphTap.Callback;
        parameters.cb_eval_user_data = tap.UserData;
        return parameters;
    }

    private static SafeLLamaContextHandle Create(LlamaModel model, LLamaContextParams parameters)
    {
        using var log = LlamaLog.Collect();
        try
        {
            var context = model.Handle.CreateContext(parameters);
            if (model.Lora is { } lora)
            {
                context.SetLoraAdapters([(lora, 1)]);
            }
            return context;
        }
        catch (RuntimeError error)
        {
            throw new RunException($"{model.Header.Path}: {log.Explain(error)}", error);
        }
    }

    /// <summary>
    /// Runs a few tokens with and without the head; leaves it out from then on only where the states are equal to the bit.
    /// </summary>
    private void SkipHeadIfExact(LlamaModel model, IRunLog log)
    {
        var probe = Probe(model);
        var whole = States(probe);
        tap.StopsAtHead = true;
        var stops = tap.Stops;
        var cut = States(probe);
        var stopped = tap.Stops > stops;
        tap.StopsAtHead = stopped && whole.AsSpan().SequenceEqual(cut);
        log.Detail(tap.StopsAtHead
            ? "teacher: output head left out (states of a probe with and without it are equal to the bit)"
            : stopped ? "teacher: output head computed (states differ without it)"
            : "teacher: output head computed (this model's graph names no tensor to stop at)");
    }

    /// <summary>Names of the tensors of a graph that have a state for each token, in the order of computation.</summary>
    private List<string> Survey(LlamaModel model)
    {
        var probe = Probe(model);
        tap.Survey = [];
        Decode(probe, [0]);
        var found = tap.Survey;
        tap.Survey = null;
        return [.. found.Where(tensor => tensor.Elements == (long)probe[0].Length * Width).Select(tensor => tensor.Name)];
    }

    /// <summary>One sequence of a few tokens.</summary>
    private LLamaToken[][] Probe(LlamaModel model)
    {
        var count = Math.Min(5, options.MaxLength);
        return [[.. Enumerable.Range(0, count).Select(i => (LLamaToken)((i + 1) * 7 % model.Handle.Vocab.Count))]];
    }

    private float[] States(LLamaToken[][] sequences)
    {
        var blocks = tapped.Length;
        var states = new float[sequences[0].Length * blocks * Width];
        Run(sequences, (_, position, block, state) => state.CopyTo(states.AsSpan(((position * blocks) + block) * Width)));
        return states;
    }
}
