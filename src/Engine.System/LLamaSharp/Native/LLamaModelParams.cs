using Llm2Clip.Engine.Llama;

namespace LLama.Native;

/// <summary>How to load a model. Marshalled to the pinned library's own layout (<see cref="NativeModelParams"/>).</summary>
public unsafe struct LLamaModelParams
{
    /// <summary>Layers on GPUs; negative: all.</summary>
    public int n_gpu_layers;

    /// <summary>How to spread the model over several GPUs.</summary>
    public GPUSplitMode split_mode;

    /// <summary>The GPU used where <see cref="split_mode"/> is none.</summary>
    public int main_gpu;

    /// <summary>Metadata that takes the place of the file's; ends with an entry whose key is empty.</summary>
    public LLamaModelMetadataOverride* kv_overrides;

    /// <summary>Load the vocabulary only, no weights.</summary>
    public bool vocab_only { readonly get; set; }

    /// <summary>Map the file into memory where possible.</summary>
    public bool use_mmap { readonly get; set; }

    /// <summary>Look for invalid numbers in the weights while loading.</summary>
    public bool check_tensors { readonly get; set; }

    /// <summary>Repack weights for this CPU where that is faster.</summary>
    public bool use_extra_bufts { readonly get; set; }

    /// <summary>The library's defaults.</summary>
    public static LLamaModelParams Default()
    {
        var native = LlamaLibrary.DefaultModelParams;
        return new LLamaModelParams
        {
            n_gpu_layers = native.n_gpu_layers,
            split_mode = (GPUSplitMode)native.split_mode,
            main_gpu = native.main_gpu,
            vocab_only = native.vocab_only != 0,
            use_mmap = native.load_mode != NativeModelParams.LoadModeNone,
            check_tensors = native.check_tensors != 0,
            use_extra_bufts = native.use_extra_bufts != 0,
        };
    }

    internal readonly NativeModelParams ToNative()
    {
        var native = LlamaLibrary.DefaultModelParams;
        native.n_gpu_layers = n_gpu_layers;
        native.split_mode = (int)split_mode;
        native.main_gpu = main_gpu;
        native.kv_overrides = (nint)kv_overrides;
        native.load_mode = use_mmap ? native.load_mode : NativeModelParams.LoadModeNone;
        native.vocab_only = vocab_only ? (byte)1 : (byte)0;
        native.check_tensors = check_tensors ? (byte)1 : (byte)0;
        native.use_extra_bufts = use_extra_bufts ? (byte)1 : (byte)0;
        return native;
    }
}
