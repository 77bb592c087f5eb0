using static TorchSharp.torch;

namespace Llm2Clip.Weights;

/// <summary>A tensor in a safetensors file: element type, shape, and its bytes counted from the end of the header.</summary>
/// <param name="Name">Published weight name.</param>
/// <param name="Type">Element type.</param>
/// <param name="Shape">Sizes; empty for a scalar.</param>
/// <param name="Offset">First byte, counted from the end of the header.</param>
/// <param name="ByteCount">Number of bytes, row-major and little-endian.</param>
internal sealed record SafetensorsInfo(string Name, ScalarType Type, IReadOnlyList<long> Shape, long Offset, long ByteCount)
{
    /// <summary>Number of elements.</summary>
    public long Count => Shape.Aggregate(1L, (product, size) => product * size);

    /// <summary>The shape as text, such as <c>[768, 3, 16, 16]</c>.</summary>
    public string ShapeText => $"[{string.Join(", ", Shape)}]";
}

/// <summary>Element types of the format that torch has too. https://github.com/huggingface/safetensors#format</summary>
internal static class SafetensorsTypes
{
    private static readonly (string Name, ScalarType Type, int Size)[] All =
    [
        ("F64", ScalarType.Float64, 8), ("F32", ScalarType.Float32, 4), ("F16", ScalarType.Float16, 2), ("BF16", ScalarType.BFloat16, 2),
        ("I64", ScalarType.Int64, 8), ("I32", ScalarType.Int32, 4), ("I16", ScalarType.Int16, 2), ("I8", ScalarType.Int8, 1),
        ("U8", ScalarType.Byte, 1), ("BOOL", ScalarType.Bool, 1),
    ];

    /// <summary>All names, for messages.</summary>
    internal static string Names => string.Join(", ", All.Select(each => each.Name));

    internal static ScalarType? Find(string? name) =>
        All.Where(each => each.Name == name).Select(each => (ScalarType?)each.Type).FirstOrDefault();

    internal static string? NameOf(ScalarType type) => All.Where(each => each.Type == type).Select(each => each.Name).FirstOrDefault();

    /// <summary>Bytes an element.</summary>
    internal static int SizeOf(ScalarType type) => All.First(each => each.Type == type).Size;
}

/// <summary>Named tensors on disk: one safetensors file or several, or the weights of an ONNX file.</summary>
internal interface ISafetensors : IDisposable
{
    /// <summary>Names of all tensors, sorted by ordinal.</summary>
    IReadOnlyList<string> Names { get; }

    /// <summary>The free text fields of the file, or of the index.</summary>
    IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>True where a tensor of that name is here.</summary>
    bool Contains(string name);

    /// <summary>Type and shape of a tensor.</summary>
    /// <exception cref="InputException">There is none of that name.</exception>
    SafetensorsInfo Info(string name);

    /// <summary>
    /// A copy of a tensor on the CPU, converted to <paramref name="dtype"/> where one is given. The caller disposes it, or its dispose
    /// scope.
    /// </summary>
    /// <exception cref="InputException">There is none of that name.</exception>
    Tensor Load(string name, ScalarType? dtype = null);
}
