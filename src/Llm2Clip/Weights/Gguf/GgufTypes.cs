namespace Llm2Clip.Weights.Gguf;

/// <summary>Number format of a GGUF tensor; values are ggml's.</summary>
internal enum GgufType
{
    F32 = 0,
    F16 = 1,
    Q4_0 = 2,
    Q4_1 = 3,
    Q5_0 = 6,
    Q5_1 = 7,
    Q8_0 = 8,
    Q8_1 = 9,
    Q2_K = 10,
    Q3_K = 11,
    Q4_K = 12,
    Q5_K = 13,
    Q6_K = 14,
    Q8_K = 15,
    IQ2_XXS = 16,
    IQ2_XS = 17,
    IQ3_XXS = 18,
    IQ1_S = 19,
    IQ4_NL = 20,
    IQ3_S = 21,
    IQ2_S = 22,
    IQ4_XS = 23,
    I8 = 24,
    I16 = 25,
    I32 = 26,
    I64 = 27,
    F64 = 28,
    IQ1_M = 29,
    BF16 = 30,
    TQ1_0 = 34,
    TQ2_0 = 35,
    MXFP4 = 39,
}

/// <summary>Type of a GGUF metadata value; values are the format's.</summary>
internal enum GgufValueType
{
    UInt8 = 0,
    Int8 = 1,
    UInt16 = 2,
    Int16 = 3,
    UInt32 = 4,
    Int32 = 5,
    Float32 = 6,
    Bool = 7,
    String = 8,
    Array = 9,
    UInt64 = 10,
    Int64 = 11,
    Float64 = 12,
}

/// <summary>A metadata value: a number, bool or string, or an array of one of these (<c>uint[]</c>, <c>string[]</c>, ...).</summary>
internal sealed record GgufValue(GgufValueType Type, object Value);

/// <summary>One tensor of the table.</summary>
/// <param name="Name">Such as <c>blk.0.attn_q.weight</c>; at most 63 bytes.</param>
/// <param name="Type">Number format.</param>
/// <param name="Shape">Fastest dimension first, as ggml counts: a matrix that maps <c>in</c> to <c>out</c> is [in, out], stored as out rows
/// of in values.</param>
/// <param name="Offset">Position of the first byte from the start of the file.</param>
/// <param name="ByteLength">Size in bytes.</param>
internal sealed record GgufTensor(string Name, GgufType Type, IReadOnlyList<long> Shape, long Offset, long ByteLength)
{
    /// <summary>Number of values.</summary>
    public long ElementCount => Shape.Aggregate(1L, (product, n) => checked(product * n));
}

/// <summary>Sizes of ggml's block formats.</summary>
internal static class GgufTypes
{
    /// <summary>Values in a block and bytes a block takes; null for a type that GGUF does not know (or no longer).</summary>
    public static (int Values, int Bytes)? Block(GgufType type) => type switch
    {
        GgufType.F32 or GgufType.I32 => (1, 4),
        GgufType.F16 or GgufType.BF16 or GgufType.I16 => (1, 2),
        GgufType.I8 => (1, 1),
        GgufType.I64 or GgufType.F64 => (1, 8),
        GgufType.Q4_0 or GgufType.IQ4_NL => (32, 18),
        GgufType.Q4_1 => (32, 20),
        GgufType.Q5_0 => (32, 22),
        GgufType.Q5_1 => (32, 24),
        GgufType.Q8_0 => (32, 34),
        GgufType.Q8_1 => (32, 36),
        GgufType.MXFP4 => (32, 17),
        GgufType.Q2_K => (256, 84),
        GgufType.Q3_K or GgufType.IQ3_S => (256, 110),
        GgufType.Q4_K => (256, 144),
        GgufType.Q5_K => (256, 176),
        GgufType.Q6_K => (256, 210),
        GgufType.Q8_K => (256, 292),
        GgufType.IQ2_XXS or GgufType.TQ2_0 => (256, 66),
        GgufType.IQ2_XS => (256, 74),
        GgufType.IQ2_S => (256, 82),
        GgufType.IQ3_XXS => (256, 98),
        GgufType.IQ1_S => (256, 50),
        GgufType.IQ1_M => (256, 56),
        GgufType.IQ4_XS => (256, 136),
        GgufType.TQ1_0 => (256, 54),
        _ => null,
    };
}
