using System.Text.Json.Nodes;
using Llm2Clip.Files;
using Llm2Clip.Images;
using Llm2Clip.Models.Clip;
using Llm2Clip.Models.Eva;
using Llm2Clip.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Models;

/// <summary>Layouts that a vision tower is written in.</summary>
public enum ExportLayout
{
    /// <summary>The family's own: Hugging Face's, of EVA02 eva_clip's names beside this project's <c>config.json</c>.</summary>
    Own,

    /// <summary><c>open_clip_config.json</c> and <c>open_clip_model.safetensors</c>: CLIP, and EVA02 of a published size.</summary>
    OpenClip,

    /// <summary>
    /// OpenAI's original names, <c>openai_clip.safetensors</c>: CLIP with heads of 64, an MLP of four times the width, QuickGELU.
    /// </summary>
    OpenAi,

    /// <summary><c>model_config.json</c> and <c>model.safetensors</c> as LLM2CLIP's eva_clip has them: EVA02.</summary>
    EvaClip,
}

/// <summary>
/// Writes a vision tower in the layout of another library, by the tables that it is read with. The files hold the vision half alone: load
/// them there without strictness.
/// </summary>
public static class VisionExport
{
    /// <summary>Writes the tower; LoRA's changes are in its weights.</summary>
    /// <param name="encoder">The tower.</param>
    /// <param name="transform">How images become its input.</param>
    /// <param name="layout">The layout.</param>
    /// <param name="folder">Where to; made if it is not there.</param>
    /// <exception cref="ConfigException">The layout cannot hold this tower.</exception>
    public static void Write(IImageEncoder encoder, ImageTransformConfig transform, ExportLayout layout, string folder)
    {
        DurableFolder.Create(folder);
        switch (layout, encoder)
        {
            case (ExportLayout.Own, _):
                encoder.Save(folder);
                Preprocessor.Save(transform, folder);
                break;
            case (ExportLayout.OpenClip, ClipVisionModel clip):
                clip.SaveWeights(Path.Combine(folder, "open_clip_model.safetensors"), ClipVisionWeights.OpenClip);
                ModelFolder.WriteJson(Path.Combine(folder, CheckpointFiles.OpenClipName), OpenClipConfig.ToJson(clip.Config, transform));
                break;
            case (ExportLayout.OpenClip, EvaVisionModel eva):
                var json = OpenClipConfig.ToJson(eva.Config, transform) ?? throw new ConfigException(
                    "open_clip knows EVA02's towers by timm's names, and this one has the size of none; write it for eva_clip.");
                eva.SaveWeights(Path.Combine(folder, "open_clip_model.safetensors"), EvaVisionWeights.Timm);
                ModelFolder.WriteJson(Path.Combine(folder, CheckpointFiles.OpenClipName), json);
                break;
            case (ExportLayout.OpenAi, ClipVisionModel clip):
                WriteOpenAi(clip, Path.Combine(folder, "openai_clip.safetensors"));
                break;
            case (ExportLayout.EvaClip, EvaVisionModel eva) when eva.Config.LayerNormEpsilon == EvaVisionConfig.Epsilon:
                eva.SaveWeights(Path.Combine(folder, ModelFolder.WeightsName), EvaVisionWeights.EvaClip);
                ModelFolder.WriteJson(Path.Combine(folder, CheckpointFiles.EvaClipName), OpenClipConfig.ToEvaJson(eva.Config));
                break;
            default:
                throw new ConfigException($"The layout {layout} has no names for a {encoder.GetType().Name}.");
        }
    }

    private static void WriteOpenAi(ClipVisionModel clip, string path)
    {
        var config = clip.Config;
        if (!OpenAiClip.Holds(config))
        {
            throw new ConfigException(
                "OpenAI's layout says no heads, inner width and activation: its towers have heads of 64, four times the width and "
                + "QuickGELU, which this one has not. Write it for open_clip.");
        }
        using var scope = NewDisposeScope();
        var weights = ClipVisionWeights.OpenClip.Names.Of(Layers.LoraLayers.Merged(clip));
        var size = tensor((long)config.ImageSize);
        ModelFolder.SaveWeights(path, [.. weights, new StoredWeight(OpenAiClip.Scalars[0], [size])]);
    }
}
