using Llm2Clip.Engine.Llama;

namespace LLama.Native;

/// <summary>How to set up a context. Marshalled to the pinned library's own layout (<see cref="NativeContextParams"/>).</summary>
public struct LLamaContextParams
{
    /// <summary>Cells of the key/value cache; 0: the model's training length.</summary>
    public uint n_ctx;

    /// <summary>Tokens a decode may be given.</summary>
    public uint n_batch;

    /// <summary>Tokens computed at once; non-causal attention needs the whole batch in one.</summary>
    public uint n_ubatch;

    /// <summary>Sequences in a batch.</summary>
    public uint n_seq_max;

    /// <summary>Threads where one token a sequence is decoded.</summary>
    public int n_threads;

    /// <summary>Threads for batches.</summary>
    public int n_threads_batch;

    public RopeScalingType rope_scaling_type;

    public LLamaPoolingType llama_pooling_type;

    public LLamaAttentionType attention_type;

    public LLamaFlashAttentionType llama_flash_attn_type;

    /// <summary>Rotary base; 0: the model's.</summary>
    public float rope_freq_base;

    /// <summary>Rotary scale; 0: the model's.</summary>
    public float rope_freq_scale;

    /// <summary>Called before (ask) and after each tensor of the graph: <c>byte (nint tensor, byte ask, nint data)</c>.</summary>
    public nint cb_eval;

    public nint cb_eval_user_data;

    /// <summary>Format of the key cache.</summary>
    public GGMLType type_k;

    /// <summary>Format of the value cache.</summary>
    public GGMLType type_v;

    /// <summary>Give hidden states out.</summary>
    public bool embeddings { readonly get; set; }

    /// <summary>Attention and cache on the GPU.</summary>
    public bool offload_kqv { readonly get; set; }

    /// <summary>Measure no times.</summary>
    public bool no_perf { readonly get; set; }

    /// <summary>Give sliding layers a cache of full length.</summary>
    public bool swa_full { readonly get; set; }

    /// <summary>
    /// One cache for all sequences. Off, sequences of unequal length in one batch come back wrong without an error.
    /// </summary>
    public bool kv_unified { readonly get; set; }

    /// <summary>The library's defaults.</summary>
    public static LLamaContextParams Default()
    {
        var native = LlamaLibrary.DefaultContextParams;
        return new LLamaContextParams
        {
            n_ctx = native.n_ctx,
            n_batch = native.n_batch,
            n_ubatch = native.n_ubatch,
            n_seq_max = native.n_seq_max,
            n_threads = native.n_threads,
            n_threads_batch = native.n_threads_batch,
            rope_scaling_type = (RopeScalingType)native.rope_scaling_type,
            llama_pooling_type = (LLamaPoolingType)native.pooling_type,
            attention_type = (LLamaAttentionType)native.attention_type,
            llama_flash_attn_type = (LLamaFlashAttentionType)native.flash_attn_type,
            rope_freq_base = native.rope_freq_base,
            rope_freq_scale = native.rope_freq_scale,
            type_k = (GGMLType)native.type_k,
            type_v = (GGMLType)native.type_v,
            embeddings = native.embeddings != 0,
            offload_kqv = native.offload_kqv != 0,
            no_perf = native.no_perf != 0,
            swa_full = native.swa_full != 0,
            kv_unified = native.kv_unified != 0,
        };
    }

    internal readonly NativeContextParams ToNative()
    {
        var native = LlamaLibrary.DefaultContextParams;
        native.n_ctx = n_ctx;
        native.n_batch = n_batch;
        native.n_ubatch = n_ubatch;
        native.n_seq_max = n_seq_max;
        native.n_outputs_max_per_seq = 0; // as many as the batch holds; the library's default of 1 is for generation
        native.n_threads = n_threads;
        native.n_threads_batch = n_threads_batch;
        native.rope_scaling_type = (int)rope_scaling_type;
        native.pooling_type = (int)llama_pooling_type;
        native.attention_type = (int)attention_type;
        native.flash_attn_type = (int)llama_flash_attn_type;
        native.rope_freq_base = rope_freq_base;
        native.rope_freq_scale = rope_freq_scale;
        native.cb_eval = cb_eval;
        native.cb_eval_user_data = cb_eval_user_data;
        native.type_k = (int)type_k;
        native.type_v = (int)type_v;
        native.embeddings = embeddings ? (byte)1 : (byte)0;
        native.offload_kqv = offload_kqv ? (byte)1 : (byte)0;
        native.no_perf = no_perf ? (byte)1 : (byte)0;
        native.swa_full = swa_full ? (byte)1 : (byte)0;
        native.kv_unified = kv_unified ? (byte)1 : (byte)0;
        return native;
    }
}
