using Llm2Clip.Models.Text;
using Llm2Clip.Weights;

namespace Llm2Clip.Tests.Models.Text;

/// <summary>The text towers of golden/longclip, whatever their sizes.</summary>
internal static class ClipTextGolden
{
    /// <summary>Folders that hold a text tower with its inputs and outputs.</summary>
    public static TheoryData<string> Towers() => GoldenTensors.Folders("longclip", folder =>
        File.Exists(Path.Combine(folder, "io.safetensors")) && File.Exists(Path.Combine(folder, "config.json")));

    /// <summary>The folder's tower, pooled by a rule.</summary>
    public static ClipTextModel Load(string folder, TextPooling pooling)
    {
        using var checkpoint = ClipTextCheckpoint.Open(folder);
        return Load(checkpoint.Config with { Pooling = pooling }, checkpoint.Weights, checkpoint.Layout);
    }

    /// <summary>A tower of a shape with the weights of a file.</summary>
    public static ClipTextModel Load(ClipTextConfig config, ISafetensors file, WeightLayout layout)
    {
        var model = new ClipTextModel(config, GoldenTensors.Device);
        var stored = layout.Names.Of(model.named_parameters().Select(p => (p.name, (TorchSharp.torch.Tensor)p.parameter)));
        StrictWeights.Load(file, "golden", stored, layout);
        return model;
    }
}
