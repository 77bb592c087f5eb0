using System.Runtime.InteropServices;

namespace Llm2Clip.Weights.Gguf;

/// <summary>
/// Q8_0: blocks of 32 values, a half-precision scale d = max|x| / 127 before 32 signed bytes round(x / d), as ggml's
/// <c>quantize_row_q8_0_ref</c> does it.
/// </summary>
internal static class GgufQ8
{
    private const int Values = 32;
    private const int Bytes = 34;

    /// <summary>Blocks of values whose number is a multiple of 32.</summary>
    public static void Encode(ReadOnlySpan<float> values, Span<byte> blocks)
    {
        for (var block = 0; block < values.Length / Values; block++)
        {
            var from = values.Slice(block * Values, Values);
            var into = blocks.Slice(block * Bytes, Bytes);
            var largest = 0f;
            foreach (var value in from)
            {
                largest = Math.Max(largest, Math.Abs(value));
            }
            var scale = largest / 127;
            var inverse = scale == 0 ? 0 : 1 / scale;
            MemoryMarshal.Write(into, (Half)scale);
            for (var i = 0; i < Values; i++)
            {
                into[2 + i] = (byte)(sbyte)MathF.Round(from[i] * inverse, MidpointRounding.AwayFromZero);
            }
        }
    }
}
