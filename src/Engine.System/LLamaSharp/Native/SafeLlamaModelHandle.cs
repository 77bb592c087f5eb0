using System.Text;
using LLama.Exceptions;
using Llm2Clip.Engine.Llama;

namespace LLama.Native;

/// <summary>A loaded model: weights, vocabulary, metadata.</summary>
public sealed unsafe class SafeLlamaModelHandle : SafeLLamaHandleBase
{
    private Vocabulary? vocabulary;

    /// <summary>Width of the hidden states.</summary>
    public int EmbeddingSize => LlamaImports.llama_model_n_embd(Pointer);

    /// <summary>Length the model was trained for, in tokens.</summary>
    public int ContextSize => LlamaImports.llama_model_n_ctx_train(Pointer);

    /// <summary>Number of layers.</summary>
    public int LayerCount => LlamaImports.llama_model_n_layer(Pointer);

    /// <summary>Sliding window in tokens as loaded, overrides included; 0: none.</summary>
    public int SWACount => LlamaImports.llama_model_n_swa(Pointer);

    /// <summary>Number of weights.</summary>
    public ulong ParameterCount => LlamaImports.llama_model_n_params(Pointer);

    /// <summary>Size of the weights.</summary>
    public ulong SizeInBytes => LlamaImports.llama_model_size(Pointer);

    /// <summary>True for encoder-decoder and encoder-only models.</summary>
    public bool HasEncoder => LlamaImports.llama_model_has_encoder(Pointer) != 0;

    /// <summary>False for encoder-only models.</summary>
    public bool HasDecoder => LlamaImports.llama_model_has_decoder(Pointer) != 0;

    /// <summary>The tokens.</summary>
    public Vocabulary Vocab => vocabulary ??= new Vocabulary(this);

    internal nint Pointer => !IsClosed && !IsInvalid ? handle : throw new ObjectDisposedException(nameof(SafeLlamaModelHandle));

    /// <summary>Loads a GGUF model. Throws <see cref="LoadWeightsFailedException"/> with what the library said where it refuses the file.</summary>
    public static SafeLlamaModelHandle LoadFromFile(string modelPath, LLamaModelParams lparams)
    {
        LlamaLibrary.EnsureLoaded();
        using var log = NativeErrors.Collect();
        var pointer = LlamaImports.llama_model_load_from_file(modelPath, lparams.ToNative());
        if (pointer == 0)
        {
            throw new LoadWeightsFailedException(modelPath, log.Text);
        }
        var model = new SafeLlamaModelHandle();
        model.SetHandle(pointer);
        return model;
    }

    /// <summary>Makes a context.</summary>
    public SafeLLamaContextHandle CreateContext(LLamaContextParams @params) => SafeLLamaContextHandle.Create(this, @params);

    /// <summary>
    /// Token ids of a text. <paramref name="addBos"/> adds BOS (and EOS) where the model's own rule says so;
    /// <paramref name="special"/> turns names of control tokens into these tokens.
    /// </summary>
    public LLamaToken[] Tokenize(string text, bool addBos, bool special, Encoding encoding)
    {
        var bytes = encoding.GetBytes(text);
        var tokens = new LLamaToken[bytes.Length + 4];
        var count = Tokenize(bytes, tokens, addBos, special);
        if (count < 0)
        {
            tokens = new LLamaToken[-count];
            count = Tokenize(bytes, tokens, addBos, special);
        }
        return count >= 0 ? tokens[..count] : throw new RuntimeError($"Tokenizing {bytes.Length} bytes failed.");
    }

    /// <summary>Writes a token's bytes and returns their number; nothing is written where <paramref name="dest"/> is too short.</summary>
    public uint TokenToSpan(LLamaToken token, Span<byte> dest, int lstrip = 0, bool special = false)
    {
        fixed (byte* into = dest)
        {
            var count = LlamaImports.llama_token_to_piece(Vocab.Pointer, (int)token, into, dest.Length, lstrip, special ? (byte)1 : (byte)0);
            return (uint)Math.Abs(count);
        }
    }

    /// <summary>A metadata value as text, or null where the key is missing.</summary>
    public Memory<byte>? MetadataValueByKey(string key)
    {
        var count = LlamaImports.llama_model_meta_val_str(Pointer, key, null, 0);
        if (count < 0)
        {
            return null;
        }
        var buffer = new byte[count + 1];
        fixed (byte* into = buffer)
        {
            _ = LlamaImports.llama_model_meta_val_str(Pointer, key, into, (nuint)buffer.Length);
        }
        return buffer.AsMemory(0, count);
    }

    protected override bool ReleaseHandle()
    {
        LlamaImports.llama_model_free(handle);
        SetHandle(0);
        return true;
    }

    private int Tokenize(byte[] bytes, LLamaToken[] into, bool addBos, bool special)
    {
        fixed (byte* text = bytes)
        fixed (LLamaToken* tokens = into)
        {
            return LlamaImports.llama_tokenize(
                Vocab.Pointer, text, bytes.Length, (int*)tokens, into.Length, addBos ? (byte)1 : (byte)0, special ? (byte)1 : (byte)0);
        }
    }

    /// <summary>The tokens of a model.</summary>
    public sealed class Vocabulary
    {
        private readonly SafeLlamaModelHandle model;

        internal Vocabulary(SafeLlamaModelHandle model) => this.model = model;

        /// <summary>Number of tokens.</summary>
        public int Count => LlamaImports.llama_vocab_n_tokens(Pointer);

        /// <summary>Kind of tokenizer.</summary>
        public LLamaVocabType Type => (LLamaVocabType)LlamaImports.llama_vocab_type(Pointer);

        /// <summary>Begin-of-sequence token, or null.</summary>
        public LLamaToken? BOS => Known(LlamaImports.llama_vocab_bos(Pointer));

        /// <summary>End-of-sequence token, or null.</summary>
        public LLamaToken? EOS => Known(LlamaImports.llama_vocab_eos(Pointer));

        /// <summary>True where tokenizing puts BOS in front.</summary>
        public bool ShouldAddBOS => LlamaImports.llama_vocab_get_add_bos(Pointer) != 0;

        /// <summary>True where tokenizing puts EOS behind.</summary>
        public bool ShouldAddEOS => LlamaImports.llama_vocab_get_add_eos(Pointer) != 0;

        internal nint Pointer => LlamaImports.llama_model_get_vocab(model.Pointer);

        internal int Attributes(int token) => LlamaImports.llama_vocab_get_attr(Pointer, token);

        internal bool IsControl(int token) => LlamaImports.llama_vocab_is_control(Pointer, token) != 0;

        private static LLamaToken? Known(int token) => token < 0 ? null : token;
    }
}
