using System.Text;
using LLama.Exceptions;
using LLama.Native;
using Llm2Clip.Weights.Gguf;

namespace Llm2Clip.Teachers.Llm;

/// <summary>A GGUF model loaded for encoding: its header checked by us, its weights by libllama.</summary>
internal sealed class LlamaModel : IDisposable
{
    /// <summary>
    /// Wider than any text and small enough that libllama's cache arithmetic (window times sequences, 32 bit) does not overflow.
    /// </summary>
    private const long FullWindow = 1_000_000;

    private LlamaModel(GgufFile header, SafeLlamaModelHandle handle)
    {
        Header = header;
        Handle = handle;
    }

    /// <summary>Metadata and tensor table.</summary>
    public GgufFile Header { get; }

    /// <summary>libllama's model.</summary>
    public SafeLlamaModelHandle Handle { get; }

    /// <summary>The LoRA that contexts on this model run with; null = none.</summary>
    public LoraAdapter? Lora { get; private set; }

    /// <summary>Width of the hidden states.</summary>
    public int Width => Handle.EmbeddingSize;

    /// <summary>Tokens that the model takes at most, as its file says; the largest number where it does not.</summary>
    public int ContextLength
    {
        get
        {
            // libllama does not know it where the vocabulary alone is loaded.
            var key = $"{Header.Architecture}.context_length";
            return Header.Has(key) ? (int)Math.Min(Header.GetInteger(key), int.MaxValue) : int.MaxValue;
        }
    }

    /// <summary>Whether some layers see a window of the text alone.</summary>
    public bool HasWindow => Header.Has(WindowKey(Header));

    /// <summary>
    /// Loads a model. <paramref name="fullWindow"/> lets sliding-window layers see the whole text: without it, libllama gives them, with
    /// causal attention off, all of the future but a window of the past. Leaving the key out instead would change the layers' rotary base
    /// too. Throws <see cref="InputException"/>, naming the file, where it is missing, damaged or of an architecture that libllama does not
    /// know.
    /// </summary>
    public static LlamaModel Load(string path, bool fullWindow) => Load(path, header =>
        fullWindow && header.Has(WindowKey(header))
            ? LoadWith(path, WindowKey(header), FullWindow)
            : SafeLlamaModelHandle.LoadFromFile(path, Parameters()));

    /// <summary>
    /// Loads the vocabulary of a model without its weights: enough to tokenize. Throws as <see cref="Load(string, bool)"/>.
    /// </summary>
    public static LlamaModel LoadVocabulary(string path) =>
        Load(path, _ => SafeLlamaModelHandle.LoadFromFile(path, Parameters() with { vocab_only = true }));

    /// <summary>
    /// Loads a LoRA, a GGUF file that has been held against the model, for all contexts that are made afterwards. Throws
    /// <see cref="InputException"/> where libllama refuses it.
    /// </summary>
    public void LoadLora(string path)
    {
        using var log = LlamaLog.Collect();
        // LLamaSharp gives an adapter also where libllama refuses it and only its log says so; such a one would end the process.
        var lora = Handle.LoadLoraFromFile(path);
        Lora = log.Text.Length == 0 ? lora : throw new InputException($"{path}: libllama refuses this LoRA. {log.Text}");
    }

    /// <summary>Frees the model and its LoRA.</summary>
    public void Dispose() => Handle.Dispose();

    private static string WindowKey(GgufFile header) => $"{header.Architecture}.attention.sliding_window";

    private static LlamaModel Load(string path, Func<GgufFile, SafeLlamaModelHandle> load)
    {
        var header = GgufFile.Open(path);
        GgufModelCheck.Check(header);
        using var log = LlamaLog.Collect();
        try
        {
            return new LlamaModel(header, Decoder(path, load(header)));
        }
        catch (LoadWeightsFailedException error)
        {
            throw new InputException($"{path}: libllama refuses this model. {log.Explain(error)}", error);
        }
        catch (RuntimeError error)
        {
            throw new RunException(log.Explain(error), error);
        }
    }

    private static LLamaModelParams Parameters()
    {
        // LLamaSharp chooses among its native libraries in NativeApi; a parameter structure asked for before that finds none.
        NativeApi.llama_empty_call();
        return LLamaModelParams.Default();
    }

    private static unsafe SafeLlamaModelHandle LoadWith(string path, string key, long value)
    {
        // An entry with an empty key ends the list.
        var overrides = stackalloc LLamaModelMetadataOverride[2];
        overrides[0] = default;
        overrides[1] = default;
        overrides[0].Tag = LLamaModelKvOverrideType.Int;
        overrides[0].IntValue = value;
        Encoding.UTF8.GetBytes(key, new Span<byte>(overrides[0].key, 127));
        var parameters = Parameters();
        parameters.kv_overrides = overrides;
        return SafeLlamaModelHandle.LoadFromFile(path, parameters);
    }

    private static SafeLlamaModelHandle Decoder(string path, SafeLlamaModelHandle handle)
    {
        if (handle.HasEncoder || !handle.HasDecoder)
        {
            handle.Dispose();
            throw new InputException($"{path}: this is an encoder model; a teacher is a decoder LLM.");
        }
        return handle;
    }
}
