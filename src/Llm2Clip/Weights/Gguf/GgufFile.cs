namespace Llm2Clip.Weights.Gguf;

/// <summary>
/// A GGUF file's metadata and tensor table (format versions 2 and 3), checked strictly: whatever the file claims is held against its
/// length before anything is allocated. <see cref="GgufWeights"/> reads the values.
/// Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
/// </summary>
internal sealed class GgufFile
{
    private readonly Dictionary<string, GgufValue> metadata;
    private readonly Dictionary<string, GgufTensor> byName;

    internal GgufFile(
        string path, int version, IReadOnlyList<string> keys, Dictionary<string, GgufValue> metadata, IReadOnlyList<GgufTensor> tensors)
    {
        Path = path;
        Version = version;
        Keys = keys;
        this.metadata = metadata;
        Tensors = tensors;
        byName = tensors.ToDictionary(tensor => tensor.Name);
    }

    /// <summary>Where it was read.</summary>
    public string Path { get; }

    /// <summary>Format version.</summary>
    public int Version { get; }

    /// <summary>Metadata keys in file order.</summary>
    public IReadOnlyList<string> Keys { get; }

    /// <summary>Metadata by key.</summary>
    public IReadOnlyDictionary<string, GgufValue> Metadata => metadata;

    /// <summary>Tensors in file order.</summary>
    public IReadOnlyList<GgufTensor> Tensors { get; }

    /// <summary>The key prefix of the model's own settings, <c>general.architecture</c>.</summary>
    public string Architecture => GetString("general.architecture");

    /// <summary>
    /// Reads the header of <paramref name="path"/>. Throws <see cref="InputException"/>, naming the file and the key or tensor, where it
    /// is missing, not GGUF, cut or inconsistent.
    /// </summary>
    public static GgufFile Open(string path) => GgufReader.Read(path);

    /// <summary>True where the key is there.</summary>
    public bool Has(string key) => metadata.ContainsKey(key);

    /// <summary>A string. Throws <see cref="InputException"/> where the key is missing or of another type.</summary>
    public string GetString(string key) => Require(key).Value as string ?? throw WrongType(key, "a string");

    /// <summary>A whole number of any width. Throws <see cref="InputException"/> where the key is missing or of another type.</summary>
    public long GetInteger(string key) => Require(key).Value switch
    {
        byte value => value,
        sbyte value => value,
        ushort value => value,
        short value => value,
        uint value => value,
        int value => value,
        long value => value,
        ulong value when value <= long.MaxValue => (long)value,
        _ => throw WrongType(key, "a whole number"),
    };

    /// <summary>A floating-point number. Throws <see cref="InputException"/> where the key is missing or of another type.</summary>
    public double GetNumber(string key) => Require(key).Value switch
    {
        float value => value,
        double value => value,
        _ => throw WrongType(key, "a floating-point number"),
    };

    /// <summary>True or false. Throws <see cref="InputException"/> where the key is missing or of another type.</summary>
    public bool GetFlag(string key) => Require(key).Value as bool? ?? throw WrongType(key, "true or false");

    /// <summary>An array of strings. Throws <see cref="InputException"/> where the key is missing or of another type.</summary>
    public IReadOnlyList<string> GetStrings(string key) => Require(key).Value as string[] ?? throw WrongType(key, "an array of strings");

    /// <summary>The named tensor. Throws <see cref="InputException"/> where it is missing.</summary>
    public GgufTensor Tensor(string name) =>
        byName.TryGetValue(name, out var tensor) ? tensor : throw new InputException($"{Path}: tensor '{name}' is missing.");

    /// <summary>True where the tensor is there.</summary>
    public bool HasTensor(string name) => byName.ContainsKey(name);

    private GgufValue Require(string key) =>
        metadata.TryGetValue(key, out var value) ? value : throw new InputException($"{Path}: key '{key}' is missing.");

    private InputException WrongType(string key, string wanted) => new($"{Path}: key '{key}' is {metadata[key].Type}, not {wanted}.");
}
