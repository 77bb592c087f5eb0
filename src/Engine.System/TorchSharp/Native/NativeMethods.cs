using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Llm2Clip.Natives;

// Everything that crosses the border is blittable or has a marshaller of its own; bool is one byte, as in C++.
[assembly: DisableRuntimeMarshalling]

namespace TorchSharp;

/// <summary>
/// The entries of libllm2clip_torch (native/*.cpp), one static method each, in files of the same division. Entries named
/// <c>l2c_x_</c> change their first argument. A tensor result is never null: marshalling throws
/// <see cref="ExternalException"/> with libtorch's text where the entry failed. Optional integers are
/// <see cref="None"/>, optional doubles NaN, optional dtypes -1, optional lists of length -1.
/// </summary>
internal static partial class NativeMethods
{
    private const string Library = "llm2clip_torch";

    /// <summary>Where the bridge lies below the natives folder.</summary>
    internal const string LibraryFile = "torch/libllm2clip_torch.so";

    /// <summary>"No value" for an optional integer or dimension.</summary>
    internal const long None = long.MinValue;

    /// <summary>The value, or <see cref="None"/>.</summary>
    internal static long Code(long? value) => value ?? None;

    /// <summary>The value, or NaN.</summary>
    internal static double Code(double? value) => value ?? double.NaN;

    /// <summary>The dtype's number, or -1.</summary>
    internal static int Code(torch.ScalarType? dtype) => dtype is { } value ? (int)value : -1;

    /// <summary>The array's length, or -1 where there is none.</summary>
    internal static long Length(Array array) => array?.Length ?? -1;

    /// <summary>Text of the last error on this thread.</summary>
    internal static string LastError() => Marshal.PtrToStringUTF8(l2c_last_error());

    /// <summary>Handles of a list of tensors; <paramref name="tensors"/> must stay reachable until the call has returned.</summary>
    internal static nint[] Handles(IReadOnlyList<torch.Tensor> tensors)
    {
        if (tensors is null)
        {
            return [];
        }
        var handles = new nint[tensors.Count];
        for (var i = 0; i < handles.Length; i++)
        {
            handles[i] = tensors[i]?.Handle ?? 0;
        }
        return handles;
    }

    /// <summary>Handles of a span of tensors.</summary>
    internal static nint[] Handles(ReadOnlySpan<torch.Tensor> tensors)
    {
        var handles = new nint[tensors.Length];
        for (var i = 0; i < handles.Length; i++)
        {
            handles[i] = tensors[i]?.Handle ?? 0;
        }
        return handles;
    }

    [ModuleInitializer]
    [SuppressMessage("Usage", "CA2255", Justification = "The resolver must stand before the first call, and a static constructor is checked for at every call.")]
    internal static void Register() => NativeLibrary.SetDllImportResolver(typeof(NativeMethods).Assembly, Resolve);

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path)
    {
        if (name != Library)
        {
            return 0;
        }
        lock (LoadLock)
        {
            if (loaded == 0)
            {
                loaded = LoadBridge();
            }
            return loaded;
        }
    }

    private static readonly Lock LoadLock = new();
    private static nint loaded;

    private static unsafe nint LoadBridge()
    {
        // libgomp's threads wait at each barrier by spinning for milliseconds. Beside other busy threads (decoding pictures, the LLM, other
        // processes) that costs 5x and more; asleep they cost some microseconds. libgomp reads it from the C environment, which
        // Environment.SetEnvironmentVariable does not reach, when it is loaded; what the user set stays.
        setenv("OMP_WAIT_POLICY", "PASSIVE", overwrite: 0);
        // UCX, which Debian 13's libtorch loads through OpenMPI, puts a handler of its own in the place of .NET's: a NullReferenceException, which
        // .NET makes of a segmentation fault, would end the process.
        setenv("UCX_ERROR_SIGNALS", "", overwrite: 0);
        var handle = NativeLocator.Load(LibraryFile);
        var init = (delegate* unmanaged<int, int>)NativeLibrary.GetExport(handle, "l2c_init");
        if (init(ThreadsWanted()) != 0)
        {
            var lastError = (delegate* unmanaged<nint>)NativeLibrary.GetExport(handle, "l2c_last_error");
            throw new ExternalException(Marshal.PtrToStringUTF8(lastError()));
        }
        return handle;
    }

    /// <summary><c>LLM2CLIP_THREADS</c>, or the number of processors this process may use.</summary>
    private static int ThreadsWanted() =>
        int.TryParse(Environment.GetEnvironmentVariable("LLM2CLIP_THREADS"), out var threads) && threads > 0 ? threads : Environment.ProcessorCount;

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int setenv(string name, string value, int overwrite);
}
