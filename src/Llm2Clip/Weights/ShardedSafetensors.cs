using System.Text.Json;
using Llm2Clip.Files;
using static TorchSharp.torch;

namespace Llm2Clip.Weights;

/// <summary>
/// The weights of a Hugging Face model folder: <c>model.safetensors</c>, or the files that <c>model.safetensors.index.json</c> names.
/// Index and files must agree: each tensor of the index is in its file, and the files hold no other.
/// </summary>
internal sealed class ShardedSafetensors : ISafetensors
{
    private const string SingleName = "model.safetensors";
    private const string IndexName = "model.safetensors.index.json";

    private readonly Dictionary<string, SafetensorsFile> _fileOf;
    private readonly IReadOnlyList<SafetensorsFile> _files;

    private ShardedSafetensors(
        IReadOnlyList<SafetensorsFile> files, Dictionary<string, SafetensorsFile> fileOf, IReadOnlyDictionary<string, string> metadata)
    {
        (_files, _fileOf, Metadata) = (files, fileOf, metadata);
        Names = [.. fileOf.Keys.Order(StringComparer.Ordinal)];
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> Names { get; }

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Opens all files of a model folder.</summary>
    /// <exception cref="InputException">There are none, one is damaged, or index and files do not agree.</exception>
    public static ShardedSafetensors Open(string folder)
    {
        var index = Path.Combine(folder, IndexName);
        if (File.Exists(index))
        {
            return OpenIndex(folder, index);
        }
        var single = Path.Combine(folder, SingleName);
        if (!File.Exists(single))
        {
            throw new InputException($"{folder}: holds neither {SingleName} nor {IndexName}.");
        }
        var file = SafetensorsFile.Open(single);
        return new ShardedSafetensors([file], file.Names.ToDictionary(name => name, _ => file, StringComparer.Ordinal), file.Metadata);
    }

    /// <inheritdoc/>
    public bool Contains(string name) => _fileOf.ContainsKey(name);

    /// <inheritdoc/>
    public SafetensorsInfo Info(string name) => FileOf(name).Info(name);

    /// <inheritdoc/>
    public Tensor Load(string name, ScalarType? dtype = null) => FileOf(name).Load(name, dtype);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var file in _files)
        {
            file.Dispose();
        }
    }

    private static ShardedSafetensors OpenIndex(string folder, string index)
    {
        var (places, metadata) = ReadIndex(index);
        var files = new Dictionary<string, SafetensorsFile>(StringComparer.Ordinal);
        try
        {
            foreach (var name in places.Values.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal))
            {
                if (name.Length == 0 || name.Contains('\0') || Path.GetFileName(name) != name)
                {
                    throw new InputException($"{index}: '{name}' is not the name of a file in the same folder.");
                }
                files.Add(name, SafetensorsFile.Open(Path.Combine(folder, name)));
            }
            var fileOf = places.ToDictionary(place => place.Key, place => files[place.Value], StringComparer.Ordinal);
            foreach (var (tensor, file) in fileOf)
            {
                if (!file.Contains(tensor))
                {
                    throw new InputException($"{index}: tensor '{tensor}' is said to be in {file.Path}, but it is not.");
                }
            }
            foreach (var (name, file) in files)
            {
                if (file.Names.FirstOrDefault(tensor => places.GetValueOrDefault(tensor) != name) is { } stranger)
                {
                    throw new InputException($"{file.Path}: tensor '{stranger}' is not listed for this file in {index}.");
                }
            }
            return new ShardedSafetensors([.. files.Values], fileOf, metadata);
        }
        catch
        {
            foreach (var file in files.Values)
            {
                file.Dispose();
            }
            throw;
        }
    }

    private static (Dictionary<string, string> Places, Dictionary<string, string> Metadata) ReadIndex(string path)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path), Json.Document);
            var places = document.RootElement.GetProperty("weight_map").EnumerateObject()
                .ToDictionary(entry => entry.Name, entry => entry.Value.GetString() ?? "", StringComparer.Ordinal);
            var metadata = document.RootElement.TryGetProperty("metadata", out var fields)
                ? fields.EnumerateObject().ToDictionary(entry => entry.Name, entry => entry.Value.ToString(), StringComparer.Ordinal)
                : [];
            return (places, metadata);
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException or IOException
            or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: cannot be read as an index of safetensors files ({error.Message}).", error);
        }
    }

    private SafetensorsFile FileOf(string name) => _fileOf.TryGetValue(name, out var file)
        ? file
        : throw new InputException($"{_files[0].Path}: there is no tensor '{name}' in this model.");
}
