using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text.Json;
using LLama.Exceptions;
using Llm2Clip.Natives;

namespace Llm2Clip.Engine.Llama;

/// <summary>
/// libllama of the npm package @node-llama-cpp/linux-x64: found below <c>.natives</c>, its version and struct layouts verified before
/// anything else is called. The package ships no headers, so the layouts in <see cref="NativeModelParams"/> belong to one version.
/// </summary>
public static unsafe class LlamaLibrary
{
    /// <summary>The npm package and version that the struct layouts belong to.</summary>
    public const string RequiredPackage = "@node-llama-cpp/linux-x64 3.22.1";

    /// <summary>The llama.cpp release inside that package.</summary>
    public const string RequiredRelease = "v0.5.0";

    private const string PackageFolder = "node_modules/@node-llama-cpp/linux-x64";
    private const string BinariesFolder = PackageFolder + "/bins/linux-x64";
    private static readonly Lazy<Loaded> Library = new(Load);

    /// <summary>Folder of the library and its CPU backends.</summary>
    public static string Folder => Library.Value.Folder;

    /// <summary>Devices that computations can run on, such as <c>CPU: AMD EPYC</c>.</summary>
    public static IReadOnlyList<string> Devices => Library.Value.Devices;

    /// <summary>Instruction sets of the backend that was chosen for this CPU.</summary>
    public static string SystemInfo => Library.Value.SystemInfo;

    internal static NativeModelParams DefaultModelParams => Library.Value.ModelParams;

    internal static NativeContextParams DefaultContextParams => Library.Value.ContextParams;

    /// <summary>Loads the library, once. Throws <see cref="RuntimeError"/> where it is missing or of another version.</summary>
    public static void EnsureLoaded() => _ = Library.Value;

    private static Loaded Load()
    {
        CheckPackage(NativeLocator.Folder);
        var folder = Path.GetDirectoryName(NativeLocator.Find($"{BinariesFolder}/libllama.{RequiredRelease}.so"))
            ?? throw new RuntimeError($"libllama.{RequiredRelease}.so is not in {NativeLocator.Folder}/{BinariesFolder}. Run ./llm2clip setup.");
        NativeLibrary.SetDllImportResolver(typeof(LlamaLibrary).Assembly, (name, _, _) => Resolve(folder, name));
        var model = CheckModelLayout();
        var context = CheckContextLayout();
        NativeErrors.Install();
        var products = BlasProducts.Join();
        LlamaImports.ggml_backend_load_all_from_path(folder);
        if (LlamaImports.ggml_backend_reg_count() == 0)
        {
            throw new RuntimeError($"No CPU backend of libllama in {folder} runs on this processor. Run ./llm2clip doctor.");
        }
        LlamaImports.llama_backend_init();
        if (products)
        {
            BlasProducts.Start();
        }
        return new Loaded(folder, ListDevices(), Text(LlamaImports.llama_print_system_info()), model, context);
    }

    private static nint Resolve(string folder, string name) => name switch
    {
        LlamaImports.Llama => NativeLibrary.Load($"{folder}/libllama.{RequiredRelease}.so"),
        LlamaImports.Ggml => NativeLibrary.Load($"{folder}/libggml.{RequiredRelease}.so"),
        LlamaImports.GgmlBase => NativeLibrary.Load($"{folder}/libggml-base.so"),
        LlamaImports.Products => NativeLocator.Load(BlasProducts.File),
        _ => 0,
    };

    /// <summary>
    /// Throws <see cref="RuntimeError"/> unless the package in a natives folder is the one that the struct layouts belong to; the message names both.
    /// </summary>
    public static void CheckPackage(string? natives)
    {
        var package = Path.Combine(natives ?? "", PackageFolder, "package.json");
        var build = Path.Combine(natives ?? "", BinariesFolder, "_nlcBuildMetadata.json");
        if (!File.Exists(package) || !File.Exists(build))
        {
            throw new RuntimeError($"{RequiredPackage} is not installed in {natives ?? ".natives"}. Run ./llm2clip setup.");
        }
        var found = $"{Field(package, "name")} {Field(package, "version")}";
        var release = Field(build, "buildOptions", "llamaCpp", "release");
        if (found != RequiredPackage || release != RequiredRelease)
        {
            throw new RuntimeError(
                $"The system engine is made for {RequiredPackage} (llama.cpp {RequiredRelease}), but {found} (llama.cpp {release}) is installed in "
                + $"{natives}. Struct layouts differ between versions: run ./llm2clip setup to install the pinned one.");
        }
    }

    private static string Field(string path, params ReadOnlySpan<string> keys)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(path));
        var element = document.RootElement;
        foreach (var key in keys)
        {
            if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty(key, out element))
            {
                return "?";
            }
        }
        return element.ToString();
    }

    private static NativeModelParams CheckModelLayout()
    {
        var defaults = ReadDefaults<NativeModelParams>("llama_model_params", nameof(NativeModelParams.load_mtp), &ModelDefaults);
        Expect(
            "llama_model_params",
            defaults is { n_gpu_layers: -1, split_mode: 1, load_mode: -1, lazy_mode: 1, main_gpu: 0, use_extra_bufts: 1 }
                and { devices: 0, tensor_split: 0, progress_callback: 0, kv_overrides: 0, vocab_only: 0, check_tensors: 0, no_host: 0, no_alloc: 0 });
        return defaults;
    }

    private static NativeContextParams CheckContextLayout()
    {
        var defaults = ReadDefaults<NativeContextParams>("llama_context_params", nameof(NativeContextParams.ctx_other), &ContextDefaults);
        Expect(
            "llama_context_params",
            defaults is { n_ctx: 512, n_batch: 2048, n_ubatch: 512, n_seq_max: 1, n_rs_seq: 0, n_outputs_max: 0, n_outputs_max_per_seq: 1 }
                and { n_threads: > 0, n_threads_batch: > 0, ctx_type: 0, rope_scaling_type: -1, pooling_type: -1, attention_type: -1, flash_attn_type: -1 }
                and { rope_freq_base: 0, yarn_ext_factor: -1, yarn_orig_ctx: 0, defrag_thold: -1, cb_eval: 0, type_k: 1, type_v: 1, abort_callback: 0 }
                and { embeddings: 0, offload_kqv: 1, no_perf: 1, op_offload: 1, swa_full: 1, kv_unified: 0, samplers: 0, ctx_other: 0 });
        return defaults;
    }

    private static void ModelDefaults(byte* into) => LlamaImports.llama_model_default_params(into);

    private static void ContextDefaults(byte* into) => LlamaImports.llama_context_default_params(into);

    /// <summary>Reads a struct of defaults into buffers of two patterns: its last field must be written, what follows the struct must not.</summary>
    private static T ReadDefaults<T>(string what, string lastField, delegate*<byte*, void> read)
        where T : unmanaged
    {
        const int Size = 1024;
        var first = stackalloc byte[Size];
        var second = stackalloc byte[Size];
        new Span<byte>(first, Size).Fill(0xAA);
        new Span<byte>(second, Size).Fill(0x55);
        read(first);
        read(second);
        var last = (int)Marshal.OffsetOf<T>(lastField);
        var untouched = !new Span<byte>(first + sizeof(T), Size - sizeof(T)).ContainsAnyExcept((byte)0xAA);
        Expect(what, untouched && first[last] == second[last]);
        return Unsafe.ReadUnaligned<T>(first);
    }

    private static void Expect(string what, bool asKnown)
    {
        if (!asKnown)
        {
            throw new RuntimeError(
                $"libllama in {NativeLocator.Folder} lays {what} out differently than llama.cpp {RequiredRelease} does. Run ./llm2clip setup to install {RequiredPackage}.");
        }
    }

    private static List<string> ListDevices()
    {
        var devices = new List<string>();
        for (nuint i = 0; i < LlamaImports.ggml_backend_dev_count(); i++)
        {
            var device = LlamaImports.ggml_backend_dev_get(i);
            devices.Add($"{Text(LlamaImports.ggml_backend_dev_name(device))}: {Text(LlamaImports.ggml_backend_dev_description(device)).Trim()}");
        }
        return devices;
    }

    private static string Text(byte* text) => Marshal.PtrToStringUTF8((nint)text) ?? "";

    private sealed record Loaded(
        string Folder, IReadOnlyList<string> Devices, string SystemInfo, NativeModelParams ModelParams, NativeContextParams ContextParams);
}
