using Llm2Clip.Layers;
using Llm2Clip.Weights.Gguf;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Teachers.Decoder;

/// <summary>
/// A LoRA as a GGUF file, which any program on llama.cpp loads beside the model. Source: llama.cpp 0c1e57098, convert_lora_to_gguf.py; rows
/// of B are reordered like the weight's, A is not.
/// </summary>
internal static class LoraGguf
{
    /// <summary>Writes the file, whole or not at all.</summary>
    /// <param name="path">The file.</param>
    /// <param name="lora">The changes.</param>
    /// <param name="shape">The model.</param>
    /// <param name="type">Format of the values: F32, or F16.</param>
    public static void Write(string path, LoraWeights lora, DecoderShape shape, GgufType type = GgufType.F32)
    {
        var writer = new GgufWriter()
            .Add("general.architecture", shape.Family.Name)
            .Add("general.type", GgufLora.FileType)
            .Add(GgufLora.TypeKey, GgufLora.AdapterType)
            .Add(GgufLora.AlphaKey, (float)lora.Shape.Alpha);
        using var scope = NewDisposeScope();
        foreach (var target in LoraTarget.Of(shape))
        {
            if (lora.Changes.TryGetValue(target.Name, out var change))
            {
                var rank = lora.Shape.Rank;
                writer.AddTensor(target.Stored + GgufLora.DownEnd, type, [target.Inputs, rank], () => change.Down);
                writer.AddTensor(target.Stored + GgufLora.UpEnd, type, [rank, target.Outputs], () => StoredUp(target, change));
            }
        }
        writer.Write(path);
    }

    /// <summary>Reads a file for a model.</summary>
    /// <param name="lora">Its header.</param>
    /// <param name="model">The model's header.</param>
    /// <param name="modelWeights">The model's tensors.</param>
    /// <param name="shape">The model's shape.</param>
    /// <exception cref="InputException">The file is damaged, no LoRA, or one for another model.</exception>
    public static LoraWeights Read(GgufFile lora, GgufFile model, GgufWeights modelWeights, DecoderShape shape)
    {
        using var weights = GgufWeights.Open(lora);
        var (pairs, rank, alpha) = GgufLora.Check(lora, weights, model, modelWeights);
        var targets = LoraTarget.Of(shape).ToDictionary(target => target.Stored);
        if (pairs.FirstOrDefault(pair => !targets.ContainsKey(pair.Product)) is { } stranger)
        {
            throw new InputException(
                $"{lora.Path}: {stranger.Down} changes {stranger.Product}, which tensors do not know. Use teacher.runtime: llama.");
        }
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var changes = new Dictionary<string, LoraChange>();
        foreach (var pair in pairs)
        {
            var (target, up) = (targets[pair.Product], weights.Load(pair.Up, ScalarType.Float32));
            changes.Add(target.Name, new LoraChange(
                weights.Load(pair.Down, ScalarType.Float32), target.Heads > 0 ? HeadOrder.ToHalves(up, target.Heads) : up));
        }
        return new LoraWeights(new LoraShape(rank, alpha, Dropout: 0), changes);
    }

    /// <summary>B with its rows as a GGUF file has them; the change's own where they are the same.</summary>
    public static Tensor StoredUp(LoraTarget target, LoraChange change) =>
        target.Heads > 0 ? HeadOrder.ToPairs(change.Up, target.Heads) : change.Up;
}
