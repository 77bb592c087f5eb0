using Llm2Clip.Files;
using static TorchSharp.torch;

namespace Llm2Clip.Weights.Onnx;

/// <summary>
/// The weights of an ONNX file (https://github.com/onnx/onnx/blob/v1.17.0/onnx/onnx.proto), memory-mapped: the initializers of its graph
/// that are of a float type. The graph itself is not read: which weight is which says a name table (<see cref="StrictWeights"/>). The file
/// is checked as a whole on opening, and must not change while it is open.
/// </summary>
internal sealed class OnnxFile : ISafetensors
{
    private const int GraphField = 7;
    private const int InitializerField = 5;

    private readonly MappedFile _map;
    private readonly Dictionary<string, SafetensorsInfo> _tensors = new(StringComparer.Ordinal);

    private OnnxFile(string path, MappedFile map)
    {
        (Path, _map) = (path, map);
        ReadModel();
        Names = [.. _tensors.Keys.Order(StringComparer.Ordinal)];
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <inheritdoc/>
    public IReadOnlyList<string> Names { get; }

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, string> Metadata { get; } = new Dictionary<string, string>();

    /// <summary>Maps a file and reads what tensors it holds.</summary>
    /// <exception cref="InputException">It is missing, or not a whole ONNX file.</exception>
    public static OnnxFile Open(string path)
    {
        LfsPointer.Refuse(path);
        MappedFile map;
        try
        {
            var length = MappedFile.LengthOf(path);
            // A message of the format ends there (https://protobuf.dev/programming-guides/proto-limits).
            if (length > int.MaxValue)
            {
                throw new InputException($"{path}: has {length} bytes; an ONNX file has at most {int.MaxValue}.");
            }
            map = new MappedFile(path, length);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: cannot be opened ({error.Message}).", error);
        }
        try
        {
            return new OnnxFile(path, map);
        }
        catch
        {
            map.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public bool Contains(string name) => _tensors.ContainsKey(name);

    /// <inheritdoc/>
    public SafetensorsInfo Info(string name) => _tensors.TryGetValue(name, out var info)
        ? info
        : throw new InputException($"{Path}: there is no initializer '{name}' of a float type in it.");

    /// <inheritdoc/>
    public Tensor Load(string name, ScalarType? dtype = null)
    {
        var info = Info(name);
        using var scope = NewDisposeScope();
        using var untracked = no_grad();
        var tensor = empty([.. info.Shape], dtype: info.Type);
        if (info.ByteCount > 0)
        {
            _map.Slice(info.Offset, (int)info.ByteCount).CopyTo(tensor.bytes);
        }
        var converted = dtype is { } wanted && wanted != info.Type ? tensor.to(wanted) : tensor;
        return converted.MoveToOuterDisposeScope();
    }

    /// <summary>Unmaps the file.</summary>
    public void Dispose() => _map.Dispose();

    private void ReadModel()
    {
        var hasGraph = false;
        try
        {
            var file = _map.Length == 0 ? default : _map.Slice(0, (int)_map.Length);
            for (var model = new ProtobufReader(file, 0, file.Length); model.Next();)
            {
                if (model.Field != GraphField || model.Wire != WireType.Bytes)
                {
                    continue;
                }
                if (hasGraph)
                {
                    throw new InvalidDataException("it has two graphs");
                }
                hasGraph = true;
                ReadGraph(model.Message());
            }
        }
        catch (InvalidDataException error)
        {
            throw new InputException($"{Path}: not an ONNX file, or a damaged one: {error.Message}.", error);
        }
        if (!hasGraph)
        {
            throw new InputException($"{Path}: not an ONNX file: it holds no graph.");
        }
    }

    private void ReadGraph(ProtobufReader graph)
    {
        var number = 0;
        while (graph.Next())
        {
            if (graph.Field == InitializerField && graph.Wire == WireType.Bytes)
            {
                Add(graph.Message(), number++);
            }
        }
    }

    private void Add(ProtobufReader message, int number)
    {
        var tensor = new OnnxTensor();
        try
        {
            tensor.Read(message);
            if (!tensor.IsFloat)
            {
                return;
            }
            if (tensor.Name.Length == 0)
            {
                throw new InvalidDataException("it has no name");
            }
            if (!_tensors.TryAdd(tensor.Name, tensor.ToInfo()))
            {
                throw new InvalidDataException("another one has the same name");
            }
        }
        catch (InvalidDataException error)
        {
            var which = tensor.Name.Length > 0 ? $"initializer '{tensor.Name}'" : $"initializer {number}";
            throw new InputException($"{Path}: {which}: {error.Message}.", error);
        }
    }
}
