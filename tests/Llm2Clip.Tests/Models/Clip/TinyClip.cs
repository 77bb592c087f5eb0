using Llm2Clip.Models.Clip;
using Llm2Clip.Models.Text;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Models.Clip;

/// <summary>A whole CLIP of random weights, with a vocabulary of bytes and a few merges.</summary>
internal static class TinyClip
{
    public static ClipVocabulary Vocabulary { get; } = ClipVocabulary.Of("tiny", [("a", "n"), ("an", "d</w>"), ("t", "h"), ("th", "e</w>")]);

    public static ClipVisionConfig Vision { get; } = new()
    {
        ImageSize = 32, PatchSize = 8, Width = 64, Layers = 1, Heads = 1, MlpWidth = 256, EmbedDim = 24,
    };

    public static ClipTextConfig Text { get; } = new()
    {
        VocabularySize = Vocabulary.Size, Positions = 77, Width = 64, Layers = 2, Heads = 1, MlpWidth = 256, EmbedDim = 24,
        EndToken = Vocabulary.EndId,
    };

    /// <summary>Writes the model and returns its folder.</summary>
    public static string Write(
        string folder, ClipLayout layout = ClipLayout.HuggingFace, ClipTextConfig? text = null, ClipVocabulary? vocabulary = null)
    {
        using var vision = new ClipVisionModel(Vision, CPU);
        using var tower = new ClipTextModel(text ?? Text, CPU);
        vision.Initialize(3);
        tower.Initialize(4);
        ClipFolder.Write(folder, layout, tower, new ClipImageHalf(vision, vision.Config.Transform, 2.5), vocabulary ?? Vocabulary);
        return folder;
    }
}
