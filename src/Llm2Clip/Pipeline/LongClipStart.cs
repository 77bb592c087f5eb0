using Llm2Clip.Configuration;
using Llm2Clip.Models;
using Llm2Clip.Models.Clip;
using Llm2Clip.Models.Text;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Pipeline;

/// <summary>The whole CLIP that <c>longclip train</c> starts from: one that exists, or a new one.</summary>
internal static class LongClipStart
{
    /// <summary>Start of the factor on cosines of a new model, as of OpenAI's (openai/CLIP d05afc4 clip/model.py#L295).</summary>
    private const double NewScale = 1 / 0.07;

    /// <summary>Refuses a run that names neither a model nor what a new one needs, or a model that is not there.</summary>
    /// <exception cref="ConfigException">It names neither, or both.</exception>
    /// <exception cref="InputException">The model is not there.</exception>
    public static void RequireNamed(RunConfig run)
    {
        var config = run.Longclip;
        if (config.Model.Length == 0 && config.NewText.Vocabulary.Length == 0)
        {
            throw new ConfigException(
                "longclip.model is empty: name the CLIP to train (--model), or, for a new one, the vocabulary of its text tower "
                + "(longclip.new_text.vocabulary).");
        }
        if (config.Model.Length > 0 && config.NewText.Vocabulary.Length > 0)
        {
            throw new ConfigException(
                $"longclip.model names {config.Model}, which brings its own towers and vocabulary; leave out "
                + "longclip.new_text.vocabulary, or longclip.model for a new CLIP.");
        }
        if (config.Model.Length > 0)
        {
            _ = CheckpointFiles.Find(ClipModel.Find(config.Model)); // before the captions are read
        }
    }

    /// <summary>Opens or makes it. Throws as <see cref="ClipModel.Load"/>.</summary>
    /// <exception cref="ConfigException">The settings do not fit it.</exception>
    public static ClipModel Of(RunConfig run, Device device, IRunLog log, CancellationToken cancellation)
    {
        var config = run.Longclip;
        var model = config.Model.Length > 0
            ? ClipModel.Load(ClipModel.Find(config.Model), device)
            : New(run, device, log, cancellation);
        try
        {
            if (config.KeptPositions is { } kept && kept != model.Text.Config.KeptPositions)
            {
                model = WithKept(model, kept);
            }
            if (config.ScaleStart is { } scale)
            {
                using var off = no_grad();
                using var scope = NewDisposeScope();
                model.LogitScale.copy_(tensor((float)Math.Log(scale), device: device));
            }
            var text = model.Text.Config;
            log.Info(
                $"Training starts from {(config.Model.Length > 0 ? config.Model : "a new CLIP")}: captions of {text.Positions} tokens"
                + (text.KeptPositions > 0 ? $", the first {text.KeptPositions} positions do not train." : "."));
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>The same model with a frozen table of the first positions and one that trains, or with one that trains whole.</summary>
    private static ClipModel WithKept(ClipModel model, int kept)
    {
        var positions = model.Text.Config.Positions;
        if (kept >= positions)
        {
            throw new ConfigException(
                $"longclip.kept_positions is {kept}, but the text tower has {positions} positions, of which one at least must train.");
        }
        using var scope = NewDisposeScope();
        var text = StretchedClip.Of(model.Text, PositionStretch.Of(positions, kept, ratio: 1, length: null));
        var changed = new ClipModel(model.Vision, text, model.Tokenizer, model.Transform, model.LogitScale.cpu().item<float>());
        model.Text.Dispose();
        model.LogitScale.Dispose();
        return changed;
    }

    private static ClipModel New(RunConfig run, Device device, IRunLog log, CancellationToken cancellation)
    {
        var config = run.Longclip;
        var seed = (ulong)config.Seed;
        if (run.Model.Lora.Rank > 0 || run.Model.Head != ImageHeadKind.Own)
        {
            throw new ConfigException("A whole CLIP has neither LoRA nor an image head: leave out model.lora and model.head.");
        }
        var tokenizer = ClipTokenizer.Open(config.NewText.Vocabulary);
        var (encoder, transform) = Student.NewEncoder(run.Model, seed, device, log, cancellation);
        if (encoder is not ClipVisionModel vision)
        {
            encoder.Dispose();
            throw new ConfigException(
                "The model section names an image tower of another family; a whole CLIP has CLIP's: leave out model.preset and "
                + "model.init, or name one of CLIP's.");
        }
        var text = new ClipTextModel(config.NewText.Shape(tokenizer, vision.EmbedDim, vision.Config.Activation), device);
        text.Initialize(seed + 1);
        return new ClipModel(vision, text, tokenizer, transform, Math.Log(NewScale));
    }
}
