using Llm2Clip.Weights.Gguf;
using TorchSharp;

namespace Llm2Clip.Tests.Teachers;

/// <summary>GGUF files with something changed, and values of tensors as numbers.</summary>
internal sealed class GgufCopy
{
    private GgufCopy(GgufFile source)
    {
        using var weights = GgufWeights.Open(source);
        Metadata = [.. source.Keys.Select(key => (key, source.Metadata[key].Value))];
        Tensors = [.. source.Tensors.Select(tensor => (tensor.Name, tensor.Type, tensor.Shape.ToArray(), Values(weights, tensor.Name)))];
    }

    public List<(string Key, object Value)> Metadata { get; }

    /// <summary>Shapes are GGUF's, the fastest dimension first.</summary>
    public List<(string Name, GgufType Type, long[] Shape, float[] Values)> Tensors { get; }

    /// <summary>Writes a copy of a file of plain or Q8_0 tensors, edited.</summary>
    public static void Write(string source, string target, Action<GgufCopy> edit)
    {
        var copy = new GgufCopy(GgufFile.Open(source));
        edit(copy);
        var writer = new GgufWriter();
        copy.Metadata.ForEach(entry => writer.Add(entry.Key, entry.Value));
        copy.Tensors.ForEach(tensor => writer.AddTensor(tensor.Name, tensor.Type, tensor.Shape, tensor.Values));
        writer.Write(target);
    }

    /// <summary>Puts a value in the place of a key's, or adds the key.</summary>
    public void Set(string key, object value)
    {
        Metadata.RemoveAll(entry => entry.Key == key);
        Metadata.Add((key, value));
    }

    /// <summary>All values of a tensor in memory order.</summary>
    public static float[] Values(string path, string name)
    {
        using var weights = GgufWeights.Open(GgufFile.Open(path));
        return Values(weights, name);
    }

    private static float[] Values(GgufWeights weights, string name)
    {
        using var tensor = weights.Load(name, torch.ScalarType.Float32);
        return tensor.data<float>().ToArray();
    }
}
