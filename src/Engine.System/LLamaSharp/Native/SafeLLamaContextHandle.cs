using LLama.Exceptions;
using Llm2Clip.Engine.Llama;

namespace LLama.Native;

/// <summary>A context: key/value memory and compute buffers over a model. Not safe for several threads at once.</summary>
public sealed unsafe class SafeLLamaContextHandle : SafeLLamaHandleBase
{
    private SafeLlamaModelHandle? model;

    /// <summary>The model, which lives at least as long.</summary>
    public SafeLlamaModelHandle ModelHandle => model ?? throw new ObjectDisposedException(nameof(SafeLLamaContextHandle));

    /// <summary>Width of the hidden states.</summary>
    public int EmbeddingSize => ModelHandle.EmbeddingSize;

    /// <summary>Cells of the key/value cache.</summary>
    public uint ContextSize => LlamaImports.llama_n_ctx(Pointer);

    /// <summary>Tokens a decode may be given.</summary>
    public uint BatchSize => LlamaImports.llama_n_batch(Pointer);

    /// <summary>Tokens computed at once.</summary>
    public uint UBatchSize => LlamaImports.llama_n_ubatch(Pointer);

    /// <summary>Sequences in a batch.</summary>
    public uint MaxSeq => LlamaImports.llama_n_seq_max(Pointer);

    private nint Pointer => !IsClosed && !IsInvalid ? handle : throw new ObjectDisposedException(nameof(SafeLLamaContextHandle));

    /// <summary>Makes a context. Throws <see cref="RuntimeError"/> with what the library said where it cannot.</summary>
    public static SafeLLamaContextHandle Create(SafeLlamaModelHandle model, LLamaContextParams lparams)
    {
        using var log = NativeErrors.Collect();
        var pointer = LlamaImports.llama_init_from_model(model.Pointer, lparams.ToNative());
        if (pointer == 0)
        {
            throw new RuntimeError("libllama could not make a context: " + log.Text);
        }
        var context = new SafeLLamaContextHandle { model = model };
        context.SetHandle(pointer);
        var added = false;
        model.DangerousAddRef(ref added);
        return context;
    }

    /// <summary>Runs the model over a batch.</summary>
    public DecodeResult Decode(LLamaBatch batch)
    {
        var context = Pointer;
        return batch.TokenCount == 0 ? DecodeResult.Ok : (DecodeResult)batch.Use(native => LlamaImports.llama_decode(context, native));
    }

    /// <summary>
    /// Hidden state of the batch's token <paramref name="pos"/>; valid until the next decode. Throws <see cref="RuntimeError"/> where it was
    /// not marked as an output.
    /// </summary>
    public Span<float> GetEmbeddingsIth(LLamaPos pos) => State(LlamaImports.llama_get_embeddings_ith(Pointer, pos.Value), $"token {pos}");

    /// <summary>What libllama pooled for a sequence; valid until the next decode. Throws <see cref="RuntimeError"/> where pooling is none.</summary>
    public Span<float> GetEmbeddingsSeq(LLamaSeqId seq) => State(LlamaImports.llama_get_embeddings_seq(Pointer, seq.Value), $"sequence {seq}");

    /// <summary>Causal (true) or full attention from the next decode on.</summary>
    public void SetCausalAttention(bool value) => LlamaImports.llama_set_causal_attn(Pointer, value ? (byte)1 : (byte)0);

    /// <summary>Empties the key/value memory; <paramref name="data"/>: zero its content too.</summary>
    public void MemoryClear(bool data = true) => LlamaImports.llama_memory_clear(LlamaImports.llama_get_memory(Pointer), data ? (byte)1 : (byte)0);

    protected override bool ReleaseHandle()
    {
        LlamaImports.llama_free(handle);
        SetHandle(0);
        model?.DangerousRelease();
        model = null;
        return true;
    }

    private Span<float> State(float* state, string what) =>
        state != null ? new Span<float>(state, EmbeddingSize) : throw new RuntimeError($"There is no hidden state of {what}: it was not marked as an output.");
}
