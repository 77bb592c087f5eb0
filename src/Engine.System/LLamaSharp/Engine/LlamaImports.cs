using System.Runtime.InteropServices;

namespace Llm2Clip.Engine.Llama;

/// <summary>Imported functions; <see cref="LlamaLibrary"/> resolves the library names and must be loaded first.</summary>
internal static unsafe partial class LlamaImports
{
    internal const string Llama = "llama";
    internal const string Ggml = "ggml";
    internal const string GgmlBase = "ggml-base";
    internal const string Products = "llm2clip_llama";

    // Returned structs of this size go through a hidden pointer (x86-64 System V), so the defaults can be read into a larger, patterned buffer.
    [LibraryImport(Llama)]
    internal static partial void* llama_model_default_params(byte* into);

    [LibraryImport(Llama)]
    internal static partial void* llama_context_default_params(byte* into);

    [LibraryImport(Llama)]
    internal static partial void llama_backend_init();

    [LibraryImport(Llama)]
    internal static partial void llama_log_set(delegate* unmanaged[Cdecl]<int, byte*, void*, void> callback, void* data);

    [LibraryImport(Llama)]
    internal static partial byte* llama_print_system_info();

    [LibraryImport(Llama)]
    internal static partial nuint llama_max_parallel_sequences();

    [LibraryImport(Llama)]
    internal static partial byte llama_supports_gpu_offload();

    [LibraryImport(Llama, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint llama_model_load_from_file(string path, NativeModelParams parameters);

    [LibraryImport(Llama)]
    internal static partial void llama_model_free(nint model);

    [LibraryImport(Llama)]
    internal static partial nint llama_model_get_vocab(nint model);

    [LibraryImport(Llama)]
    internal static partial int llama_model_n_embd(nint model);

    [LibraryImport(Llama)]
    internal static partial int llama_model_n_ctx_train(nint model);

    [LibraryImport(Llama)]
    internal static partial int llama_model_n_layer(nint model);

    [LibraryImport(Llama)]
    internal static partial int llama_model_n_swa(nint model);

    [LibraryImport(Llama)]
    internal static partial ulong llama_model_n_params(nint model);

    [LibraryImport(Llama)]
    internal static partial ulong llama_model_size(nint model);

    [LibraryImport(Llama)]
    internal static partial byte llama_model_has_encoder(nint model);

    [LibraryImport(Llama)]
    internal static partial byte llama_model_has_decoder(nint model);

    [LibraryImport(Llama, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int llama_model_meta_val_str(nint model, string key, byte* into, nuint size);

    [LibraryImport(Llama)]
    internal static partial int llama_vocab_n_tokens(nint vocab);

    [LibraryImport(Llama)]
    internal static partial int llama_vocab_type(nint vocab);

    [LibraryImport(Llama)]
    internal static partial int llama_vocab_bos(nint vocab);

    [LibraryImport(Llama)]
    internal static partial int llama_vocab_eos(nint vocab);

    [LibraryImport(Llama)]
    internal static partial byte llama_vocab_get_add_bos(nint vocab);

    [LibraryImport(Llama)]
    internal static partial byte llama_vocab_get_add_eos(nint vocab);

    [LibraryImport(Llama)]
    internal static partial int llama_vocab_get_attr(nint vocab, int token);

    [LibraryImport(Llama)]
    internal static partial byte llama_vocab_is_control(nint vocab, int token);

    [LibraryImport(Llama)]
    internal static partial int llama_tokenize(nint vocab, byte* text, int length, int* tokens, int capacity, byte addSpecial, byte parseSpecial);

    [LibraryImport(Llama)]
    internal static partial int llama_token_to_piece(nint vocab, int token, byte* into, int length, int lstrip, byte special);

    [LibraryImport(Llama)]
    internal static partial nint llama_init_from_model(nint model, NativeContextParams parameters);

    [LibraryImport(Llama)]
    internal static partial void llama_free(nint context);

    [LibraryImport(Llama)]
    internal static partial uint llama_n_ctx(nint context);

    [LibraryImport(Llama)]
    internal static partial uint llama_n_batch(nint context);

    [LibraryImport(Llama)]
    internal static partial uint llama_n_ubatch(nint context);

    [LibraryImport(Llama)]
    internal static partial uint llama_n_seq_max(nint context);

    [LibraryImport(Llama)]
    internal static partial int llama_decode(nint context, NativeBatch batch);

    [LibraryImport(Llama)]
    internal static partial float* llama_get_embeddings_ith(nint context, int index);

    [LibraryImport(Llama)]
    internal static partial float* llama_get_embeddings_seq(nint context, int sequence);

    [LibraryImport(Llama)]
    internal static partial void llama_set_causal_attn(nint context, byte causal);

    [LibraryImport(Llama)]
    internal static partial nint llama_get_memory(nint context);

    [LibraryImport(Llama)]
    internal static partial void llama_memory_clear(nint memory, byte data);

    [LibraryImport(Ggml, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial void ggml_backend_load_all_from_path(string folder);

    [LibraryImport(Ggml)]
    internal static partial nuint ggml_backend_reg_count();

    [LibraryImport(Ggml)]
    internal static partial nuint ggml_backend_dev_count();

    [LibraryImport(Ggml)]
    internal static partial nint ggml_backend_dev_get(nuint index);

    [LibraryImport(GgmlBase)]
    internal static partial byte* ggml_backend_dev_name(nint device);

    [LibraryImport(GgmlBase)]
    internal static partial byte* ggml_backend_dev_description(nint device);

    [LibraryImport(GgmlBase)]
    internal static partial byte* ggml_get_name(nint tensor);

    [LibraryImport(Products)]
    internal static partial void l2c_products_join();

    [LibraryImport(Products)]
    internal static partial int l2c_products_start();

    [LibraryImport(Products)]
    internal static partial void l2c_products_enable(int on);
}
