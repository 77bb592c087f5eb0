using System.Runtime.InteropServices;
using LLama.Exceptions;
using LLama.Native;

namespace Llm2Clip.Runtime;

/// <summary>LLamaSharp and llama.cpp.</summary>
internal static unsafe class LlamaComponents
{
    private const string Remedy = "build or publish the program anew with the package LLamaSharp.Backend.Cpu";

    /// <summary>Adds the libraries, and returns the devices that the LLM can run on.</summary>
    public static IReadOnlyList<string> Examine(List<RuntimeComponent> components)
    {
        var assembly = typeof(NativeApi).Assembly;
        var version = ManagedComponent.Version("LLamaSharp", assembly);
        try
        {
            var devices = Devices();
            components.Add(new RuntimeComponent("LLamaSharp", version, ManagedComponent.File(assembly)));
            components.Add(new RuntimeComponent("llama.cpp", BaseVersion(), LoadedFiles.Find("libllama.so")));
            return devices;
        }
        catch (Exception error)
            when (error is TypeInitializationException or RuntimeError or DllNotFoundException or EntryPointNotFoundException)
        {
            var reason = (error.InnerException ?? error).Message;
            components.Add(new RuntimeComponent("LLamaSharp", version, null, reason, Remedy));
            return [];
        }
    }

    /// <summary>Devices that the LLM can run on, as llama.cpp names them.</summary>
    public static IReadOnlyList<string> Devices()
    {
        var devices = new List<string>();
        for (nuint i = 0; i < NativeApi.ggml_backend_dev_count(); i++)
        {
            var device = NativeApi.ggml_backend_dev_get(i);
            var name = Marshal.PtrToStringUTF8(NativeApi.ggml_backend_dev_name(device));
            devices.Add(Export("ggml_backend_dev_description") is not 0 and var describe
                ? $"{name}: {Marshal.PtrToStringUTF8(((delegate* unmanaged<nint, nint>)describe)(device))}"
                : name ?? "unnamed");
        }
        return devices;
    }

    /// <summary>Version and commit of ggml, which llama.cpp is built on and with: it has no number of its own.</summary>
    private static string? BaseVersion()
    {
        var parts = new[] { "ggml_version", "ggml_commit" }
            .Select(Export)
            .Where(export => export != 0)
            .Select(export => Marshal.PtrToStringUTF8(((delegate* unmanaged<nint>)export)()));
        return string.Join(", commit ", parts) is { Length: > 0 } text ? $"ggml {text}" : null;
    }

    /// <summary>A function of libggml-base that LLamaSharp does not wrap; 0 where it is not known.</summary>
    private static nint Export(string name) =>
        LoadedFiles.Find("libggml-base.so") is { } file
        && NativeLibrary.TryLoad(file, out var library)
        && NativeLibrary.TryGetExport(library, name, out var export)
            ? export
            : 0;
}
