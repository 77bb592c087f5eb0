using System.Runtime.InteropServices;
using LLama.Native;

namespace Llm2Clip.Weights.Gguf;

/// <summary>
/// ggml's own conversion of its number formats to fp32 and back, in the library that LLamaSharp brings and does not wrap (ggml.h,
/// <c>ggml_get_type_traits</c>).
/// </summary>
internal static unsafe partial class GgmlFormats
{
    /// <summary>
    /// Turns whole blocks into fp32. False where ggml has no such conversion, as of its formats for intermediate results.
    /// </summary>
    /// <param name="type">A format that <see cref="GgufTypes.Block"/> knows.</param>
    /// <param name="blocks">The blocks.</param>
    /// <param name="values">Room for all of their values.</param>
    /// <exception cref="RunException">ggml's blocks of this format have another size than <see cref="GgufTypes.Block"/> says.</exception>
    public static bool TryDecode(GgufType type, ReadOnlySpan<byte> blocks, Span<float> values)
    {
        var traits = Traits(type, blocks.Length, values.Length);
        if (traits->ToFloat == null)
        {
            return false;
        }
        fixed (byte* from = blocks)
        fixed (float* into = values)
        {
            traits->ToFloat(from, into, values.Length);
        }
        return true;
    }

    /// <summary>
    /// Turns fp32 values into whole blocks, without an importance matrix. False where ggml has no such conversion.
    /// </summary>
    /// <param name="type">A format that <see cref="GgufTypes.Block"/> knows.</param>
    /// <param name="values">The values.</param>
    /// <param name="blocks">Room for all of their blocks.</param>
    /// <exception cref="RunException">As <see cref="TryDecode"/>.</exception>
    public static bool TryEncode(GgufType type, ReadOnlySpan<float> values, Span<byte> blocks)
    {
        var traits = Traits(type, blocks.Length, values.Length);
        if (traits->FromFloat == null)
        {
            return false;
        }
        fixed (float* from = values)
        fixed (byte* into = blocks)
        {
            traits->FromFloat(from, into, values.Length);
        }
        return true;
    }

    /// <summary>The conversions of a format, whose blocks are held against their number in bytes and in values.</summary>
    private static TypeTraits* Traits(GgufType type, long bytes, long values)
    {
        NativeApi.llama_empty_call(); // LLamaSharp loads its native libraries with the first call.
        var traits = ggml_get_type_traits((int)type);
        if (GgufTypes.Block(type) is not { } block || (traits->BlockValues, (long)traits->BlockBytes) != (block.Values, block.Bytes))
        {
            throw new RunException(
                $"ggml has blocks of {traits->BlockValues} values in {traits->BlockBytes} bytes for {type}: another version of LLamaSharp "
                + "than this program was made with.");
        }
        ArgumentOutOfRangeException.ThrowIfNotEqual(bytes * block.Values, values * block.Bytes);
        return traits;
    }

    [LibraryImport("ggml-base")]
    private static partial TypeTraits* ggml_get_type_traits(int type);

    /// <summary><c>struct ggml_type_traits</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private readonly struct TypeTraits
    {
        public readonly nint Name;
        public readonly long BlockValues;
        public readonly long BlockValuesInterleaved;
        public readonly nuint BlockBytes;
        public readonly byte IsQuantized;
        public readonly delegate* unmanaged[Cdecl]<void*, float*, long, void> ToFloat;
        public readonly delegate* unmanaged[Cdecl]<float*, void*, long, void> FromFloat;
    }
}
