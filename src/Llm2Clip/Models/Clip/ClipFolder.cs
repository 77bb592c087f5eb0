using System.Text.Json.Nodes;
using Llm2Clip.Files;
using Llm2Clip.Images;
using Llm2Clip.Layers;
using Llm2Clip.Models.Text;
using Llm2Clip.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Models.Clip;

/// <summary>Layouts that a CLIP, or its text tower alone, is written in.</summary>
public enum ClipLayout
{
    /// <summary><c>config.json</c> and <c>model.safetensors</c>, one table of positions; transformers and diffusers open it.</summary>
    HuggingFace,

    /// <summary><c>open_clip_config.json</c> and <c>open_clip_model.safetensors</c>, one table of positions.</summary>
    OpenClip,

    /// <summary>
    /// OpenAI's names, <c>clip.safetensors</c>, with Long-CLIP's second table where the tower has one: heads of 64, MLPs of four times the
    /// width, QuickGELU.
    /// </summary>
    OpenAi,
}

/// <summary>The image half of a whole CLIP, for who writes it.</summary>
/// <param name="Tower">The vision tower.</param>
/// <param name="Transform">How images become its input.</param>
/// <param name="LogitScale">Natural logarithm of the factor on cosines.</param>
internal sealed record ClipImageHalf(ClipVisionModel Tower, ImageTransformConfig Transform, double LogitScale);

/// <summary>Writes a whole CLIP or its text tower alone, by the tables that it is read with.</summary>
internal static class ClipFolder
{
    /// <summary>Writes the folder; what was there under these names is replaced.</summary>
    /// <param name="folder">Where to; made if it is not there.</param>
    /// <param name="layout">The layout.</param>
    /// <param name="text">The text tower.</param>
    /// <param name="images">The image half; null to write the text tower alone.</param>
    /// <param name="vocabulary">The tokenizer's files; null to write none.</param>
    /// <exception cref="ConfigException">The layout cannot hold these towers.</exception>
    public static void Write(
        string folder, ClipLayout layout, ClipTextModel text, ClipImageHalf? images, ClipVocabulary? vocabulary)
    {
        DurableFolder.Create(folder);
        switch (layout)
        {
            case ClipLayout.HuggingFace:
                WriteHuggingFace(folder, text, images);
                break;
            case ClipLayout.OpenClip:
                WriteOpenClip(folder, text, images);
                break;
            default:
                WriteOpenAi(folder, text, images);
                break;
        }
        vocabulary?.Save(folder, text.Config.Positions);
    }

    private static void WriteHuggingFace(string folder, ClipTextModel text, ClipImageHalf? images)
    {
        using var scope = NewDisposeScope();
        List<StoredWeight> weights =
        [
            .. NameTable.Same.Of(text.Merged()),
            .. images is null ? [] : NameTable.Same.Of(LoraLayers.Merged(images.Tower)),
            .. Scale(images),
        ];
        ModelFolder.SaveWeights(Path.Combine(folder, ModelFolder.WeightsName), weights);
        if (images is null)
        {
            ModelFolder.SaveConfig(folder, text.Config.ToJson());
            return;
        }
        ModelFolder.SaveConfig(folder, new JsonObject
        {
            ["architectures"] = new JsonArray("CLIPModel"),
            ["dtype"] = "float32",
            ["initializer_factor"] = 1.0,
            ["logit_scale_init_value"] = images.LogitScale,
            ["model_type"] = "clip",
            ["projection_dim"] = text.Config.EmbedDim,
            ["text_config"] = Half(text.Config.ToJson()),
            ["vision_config"] = Half(images.Tower.Config.ToJson()),
        });
        Preprocessor.Save(images.Transform, folder);

        static JsonObject Half(JsonObject json)
        {
            json.Remove("architectures");
            json.Remove("dtype");
            return json;
        }
    }

    private static void WriteOpenClip(string folder, ClipTextModel text, ClipImageHalf? images)
    {
        if (images is null || !text.Config.HasProjection)
        {
            throw new ConfigException("open_clip's layout holds whole models; write a text tower alone for Hugging Face.");
        }
        RequireLargestEnd(text.Config, "open_clip");
        if ((images.Tower.Config.Activation, images.Tower.Config.LayerNormEpsilon)
            != (text.Config.Activation, text.Config.LayerNormEpsilon))
        {
            throw new ConfigException(
                "open_clip's layout says one activation for both towers, and these differ; write them for Hugging Face.");
        }
        using var scope = NewDisposeScope();
        ModelFolder.SaveWeights(
            Path.Combine(folder, "open_clip_model.safetensors"),
            [
                .. ClipTextWeights.OpenAi.Names.Of(text.Merged()),
                .. ClipVisionWeights.OpenClip.Names.Of(LoraLayers.Merged(images.Tower)),
                .. Scale(images),
            ]);
        var json = OpenClipConfig.ToJson(images.Tower.Config, images.Transform);
        json["model_cfg"]!["text_cfg"] = OpenClipTextConfig.ToJson(text.Config);
        ModelFolder.WriteJson(Path.Combine(folder, CheckpointFiles.OpenClipName), json);
    }

    private static void WriteOpenAi(string folder, ClipTextModel text, ClipImageHalf? images)
    {
        if (!OpenAiClip.Holds(text.Config) || (images is not null && !OpenAiClip.Holds(images.Tower.Config)))
        {
            throw new ConfigException(
                "OpenAI's layout says no heads, inner width and activation: its towers have heads of 64, four times the width and "
                + "QuickGELU, which these have not. Write them for Hugging Face.");
        }
        RequireLargestEnd(text.Config, "OpenAI");
        using var scope = NewDisposeScope();
        var own = text.named_parameters().Select(p => (p.name, (Tensor)p.parameter));
        // Three integers tell OpenAI's files from others; Long-CLIP's have a second table instead.
        long[] sizes = [images?.Tower.ImageSize ?? 0, text.Config.Positions, text.Config.VocabularySize];
        var integers = text.Config.KeptPositions > 0
            ? []
            : OpenAiClip.Scalars.Zip(sizes, (name, size) => new StoredWeight(name, [tensor(size)]));
        ModelFolder.SaveWeights(
            Path.Combine(folder, "clip.safetensors"),
            [
                .. ClipTextWeights.OpenAi.Names.Of(own),
                .. images is null ? [] : ClipVisionWeights.OpenClip.Names.Of(LoraLayers.Merged(images.Tower)),
                .. Scale(images),
                .. integers,
            ]);
    }

    private static void RequireLargestEnd(ClipTextConfig config, string library)
    {
        if (config.EndToken != config.VocabularySize - 1)
        {
            throw new ConfigException(
                $"{library} pools a text at its largest id, but the end token is {config.EndToken} of {config.VocabularySize}; write it "
                + "for Hugging Face.");
        }
    }

    private static IEnumerable<StoredWeight> Scale(ClipImageHalf? images) =>
        images is null ? [] : [new StoredWeight("logit_scale", [tensor((float)images.LogitScale)])];
}
