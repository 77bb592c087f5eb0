using System.Runtime.InteropServices;
using Llm2Clip.Files;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Weights.Gguf;

/// <summary>
/// The tensors of a GGUF model, memory-mapped, of all parts where it is split. Quantized ones become fp32 by ggml's own conversion.
/// Shapes are torch's, the slowest dimension first. The files must not change while they are open.
/// </summary>
internal sealed class GgufWeights : ISafetensors
{
    /// <summary>Values that are copied or converted at once; a multiple of every block.</summary>
    private const long SliceValues = 1 << 24;

    private readonly string _path;
    private readonly List<MappedFile> _maps = [];
    private readonly Dictionary<string, (MappedFile Map, GgufTensor Tensor)> _tensors = [];

    private GgufWeights(string path) => _path = path;

    /// <inheritdoc/>
    public IReadOnlyList<string> Names { get; private set; } = [];

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, string> Metadata { get; } = new Dictionary<string, string>();

    /// <summary>Maps the file of a header, and the other parts of its model.</summary>
    /// <exception cref="InputException">A part is missing or damaged, or belongs to another model.</exception>
    public static GgufWeights Open(GgufFile first)
    {
        var weights = new GgufWeights(first.Path);
        try
        {
            foreach (var part in GgufParts.Open(first))
            {
                weights.Add(part);
            }
            weights.Names = [.. weights._tensors.Keys.Order(StringComparer.Ordinal)];
            return weights;
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public bool Contains(string name) => _tensors.ContainsKey(name);

    /// <inheritdoc/>
    public SafetensorsInfo Info(string name)
    {
        var tensor = Find(name).Tensor;
        return new SafetensorsInfo(
            name, PlainType(tensor.Type) ?? ScalarType.Float32, [.. tensor.Shape.Reverse()], tensor.Offset, tensor.ByteLength);
    }

    /// <inheritdoc/>
    /// <exception cref="InputException">There is none of that name, or it has a format that ggml cannot turn into fp32.</exception>
    public Tensor Load(string name, ScalarType? dtype = null)
    {
        var info = Info(name);
        var (map, tensor) = Find(name);
        var isPlain = PlainType(tensor.Type) is not null;
        var block = GgufTypes.Block(tensor.Type)!.Value; // the header's reader refuses other formats
        using var scope = NewDisposeScope();
        using var untracked = no_grad();
        var values = empty([.. info.Shape], dtype: info.Type);
        var flat = values.view(-1);
        for (var at = 0L; at < info.Count; at += SliceValues)
        {
            using var slice = flat.narrow(0, at, Math.Min(SliceValues, info.Count - at));
            var bytes = map.Slice(
                tensor.Offset + (at / block.Values * block.Bytes), (int)(slice.shape[0] / block.Values * block.Bytes));
            if (isPlain)
            {
                bytes.CopyTo(slice.bytes);
            }
            else if (!GgmlFormats.TryDecode(tensor.Type, bytes, MemoryMarshal.Cast<byte, float>(slice.bytes)))
            {
                throw new InputException($"{_path}: tensor '{name}' is {tensor.Type}, which ggml cannot turn into fp32.");
            }
        }
        return (dtype is { } wanted && wanted != info.Type ? values.to(wanted) : values).MoveToOuterDisposeScope();
    }

    /// <summary>Unmaps the files.</summary>
    public void Dispose() => _maps.ForEach(map => map.Dispose());

    private void Add(GgufFile part)
    {
        MappedFile map;
        try
        {
            map = new MappedFile(part.Path, MappedFile.LengthOf(part.Path));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{part.Path}: cannot be opened ({error.Message}).", error);
        }
        _maps.Add(map);
        foreach (var tensor in part.Tensors)
        {
            if (!_tensors.TryAdd(tensor.Name, (map, tensor)))
            {
                throw new InputException($"{part.Path}: tensor '{tensor.Name}' is in another part of the model too.");
            }
        }
    }

    private (MappedFile Map, GgufTensor Tensor) Find(string name) =>
        _tensors.TryGetValue(name, out var found) ? found : throw new InputException($"{_path}: tensor '{name}' is missing.");

    /// <summary>torch's name of a format that it has too; null for a quantized one.</summary>
    private static ScalarType? PlainType(GgufType type) => type switch
    {
        GgufType.F32 => ScalarType.Float32,
        GgufType.F16 => ScalarType.Float16,
        GgufType.BF16 => ScalarType.BFloat16,
        GgufType.F64 => ScalarType.Float64,
        GgufType.I8 => ScalarType.Int8,
        GgufType.I16 => ScalarType.Int16,
        GgufType.I32 => ScalarType.Int32,
        GgufType.I64 => ScalarType.Int64,
        _ => null,
    };
}
