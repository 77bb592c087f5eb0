using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace Llm2Clip.Runtime;

/// <summary>Which library computes matrix products in fp32, and why.</summary>
/// <param name="OneDnn">Whether it is oneDNN in the place of MKL.</param>
/// <param name="Reason">Why, or why not.</param>
/// <param name="Error">Relative error of oneDNN's product against fp64; null where it was not tried.</param>
public sealed record ProductsDecision(bool OneDnn, string Reason, double? Error = null);

/// <summary>
/// Products of fp32 matrices on the CPU. libtorch takes them from MKL, which on processors of other makers than Intel stays with AVX2.
/// oneDNN, which libtorch has for bf16, uses AVX-512 there, and libtorch calls it for fp32 too once the precision of its products is
/// "bf16". That name is a permission, not an order: only where the processor has AMX does oneDNN round to bf16. So one product decides.
/// <para>
/// TorchSharp does not wrap the setting. It is the C++ function <c>at::Context::setFloat32Precision(backend, op, precision)</c> of
/// libtorch_cpu, whose arguments are enums and need no C++ memory. The better known <c>set_float32_matmul_precision("medium")</c> would
/// also turn on TF32 on GPUs; this one is for the CPU alone.
/// Source: pytorch 2.10, aten/src/ATen/Context.h and aten/src/ATen/native/mkldnn/Matmul.cpp (<c>use_mkldnn_bf32_matmul</c>).
/// </para>
/// </summary>
internal static unsafe class FastProducts
{
    /// <summary>The largest relative error that counts as fp32's own; a correct product has 4e-7 here, one rounded to bf16 2e-3.</summary>
    public const double Tolerance = 5e-6;

    private const string GlobalContext = "_ZN2at13globalContextEv";
    private const string SetPrecision = "_ZN2at7Context19setFloat32PrecisionENS_14Float32BackendENS_9Float32OpENS_16Float32PrecisionE";
    private const string GetPrecision = "_ZNK2at7Context16float32PrecisionENS_14Float32BackendENS_9Float32OpE";

    // at::Float32Backend, at::Float32Op and at::Float32Precision.
    private const int OneDnnBackend = 2;
    private const int MatrixProduct = 3;
    private const int Unset = 0;
    private const int Bf16Allowed = 3;

    /// <summary>
    /// Decides and sets. <paramref name="native"/> is TorchSharp's library, <paramref name="torch"/> libtorch_cpu. Always the same on one
    /// machine, as it depends on the processor and not on a clock: a resumed run computes the same numbers.
    /// </summary>
    public static ProductsDecision Apply(nint native, nint torch)
    {
        if (!IsSlowInMkl(X86Base.IsSupported, X86Base.IsSupported ? Vendor() : "", Avx512F.IsSupported))
        {
            return new ProductsDecision(false, "MKL uses all of this processor's instructions");
        }
        return Try(native, torch);
    }

    /// <summary>Turns oneDNN on where it computes as exactly as fp32 should, else leaves everything as it was.</summary>
    internal static ProductsDecision Try(nint native, nint torch)
    {
        if (!NativeLibrary.TryGetExport(torch, GlobalContext, out var context)
            || !NativeLibrary.TryGetExport(torch, SetPrecision, out var set)
            || !NativeLibrary.TryGetExport(torch, GetPrecision, out var get))
        {
            return new ProductsDecision(false, "this libtorch does not export the setting");
        }
        var settings = ((delegate* unmanaged<nint>)context)();
        var precision = (delegate* unmanaged<nint, int, int, int, void>)set;
        var before = ((delegate* unmanaged<nint, int, int, int>)get)(settings, OneDnnBackend, MatrixProduct);
        if (before != Unset)
        {
            return new ProductsDecision(before == Bf16Allowed, "set before by the program");
        }
        precision(settings, OneDnnBackend, MatrixProduct, Bf16Allowed);
        if (TrialProduct.Error(native) is not { } error)
        {
            precision(settings, OneDnnBackend, MatrixProduct, Unset);
            return new ProductsDecision(false, "the trial product failed");
        }
        if (!(error <= Tolerance))
        {
            precision(settings, OneDnnBackend, MatrixProduct, Unset);
            return new ProductsDecision(false, "oneDNN rounds to bf16 on this processor", error);
        }
        return new ProductsDecision(true, "exact in fp32, and MKL would use AVX2 only", error);
    }

    /// <summary>Leaves the products to MKL again.</summary>
    internal static void Reset(nint torch) =>
        ((delegate* unmanaged<nint, int, int, int, void>)NativeLibrary.GetExport(torch, SetPrecision))(
            ((delegate* unmanaged<nint>)NativeLibrary.GetExport(torch, GlobalContext))(), OneDnnBackend, MatrixProduct, Unset);

    /// <summary>
    /// Whether MKL leaves AVX-512 unused. Measured with two threads, interleaved, on an Intel processor without its AMX: against MKL held
    /// to AVX2, as it holds itself on other makers' processors, oneDNN computes the layers of a ViT-S/32 1.6 to 2.2 times as fast;
    /// against MKL with AVX-512 0.8 to 1.1 times. Single products of 64x64 take it three times as long either way, as each call costs
    /// more.
    /// </summary>
    internal static bool IsSlowInMkl(bool isX86, string vendor, bool hasAvx512) => isX86 && hasAvx512 && vendor != "GenuineIntel";

    /// <summary>The processor's maker, twelve letters.</summary>
    private static string Vendor()
    {
        var (_, first, third, second) = X86Base.CpuId(0, 0);
        ReadOnlySpan<int> letters = [first, second, third];
        return System.Text.Encoding.ASCII.GetString(MemoryMarshal.AsBytes(letters));
    }
}
