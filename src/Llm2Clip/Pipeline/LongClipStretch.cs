using Llm2Clip.Configuration;
using Llm2Clip.Files;
using Llm2Clip.Models;
using Llm2Clip.Models.Clip;
using Llm2Clip.Models.Text;
using static TorchSharp.torch;

namespace Llm2Clip.Pipeline;

/// <summary>What <c>longclip stretch</c> did.</summary>
/// <param name="Model">What was stretched.</param>
/// <param name="Output">What was written.</param>
/// <param name="Layout">The layout of it.</param>
/// <param name="From">Positions before.</param>
/// <param name="To">Positions now.</param>
/// <param name="Keep">Positions that stayed as they were.</param>
/// <param name="Ratio">New positions per old one behind those.</param>
/// <param name="Positions">What became of which position, a line each.</param>
/// <param name="Notes">What is still missing to use it.</param>
public sealed record StretchReport(
    string Model, string Output, ClipLayout Layout, int From, int To, int Keep, double Ratio, IReadOnlyList<string> Positions,
    IReadOnlyList<string> Notes);

/// <summary>
/// The <c>longclip stretch</c> command: a CLIP, or its text tower alone, with more positions. The result takes longer texts at once and is
/// what Long-CLIP's training starts from.
/// </summary>
public static class LongClipStretch
{
    /// <summary>Stretches and writes the folder.</summary>
    /// <exception cref="ConfigException">A key is missing, or the numbers do not fit the tower.</exception>
    /// <exception cref="InputException">The model is damaged, or has no text tower of CLIP.</exception>
    public static StretchReport Run(RunConfig run, IRunLog log, CancellationToken cancellation)
    {
        var config = Checked.Require(run.LongclipStretch, "longclip_stretch");
        config = config with { Model = config.Model.Length > 0 ? ClipModel.Find(config.Model) : "" };
        ConfigBinder.Require(
            (config.Model, "longclip_stretch.model", "the CLIP to stretch"),
            (config.Output, "longclip_stretch.output", "the folder to write"));
        if (Path.GetFullPath(config.Output) == Path.GetFullPath(config.Model))
        {
            throw new ConfigException("longclip_stretch.output is the model's own folder; name another one.");
        }
        using var checkpoint = ClipTextCheckpoint.Open(config.Model);
        var stretch = PositionStretch.Of(checkpoint.Config.Positions, config.Keep, config.Ratio, config.Length);
        using var writer = FolderLock.Take(config.Output);
        using var text = checkpoint.Load(CPU);
        using var longer = StretchedClip.Of(text, stretch);
        var folder = ClipModel.FolderOf(config.Model);
        var vocabulary = ClipVocabulary.IsIn(folder) ? ClipVocabulary.Read(folder) : null;
        if (vocabulary is not null)
        {
            ClipModel.RequireFit(new ClipTokenizer(vocabulary), text.Config, config.Model);
        }
        cancellation.ThrowIfCancellationRequested();
        Write(config, checkpoint, longer, vocabulary);
        log.Info($"{config.Output} is written.");
        return new StretchReport(
            config.Model, config.Output, config.Layout, stretch.Positions, stretch.Length, stretch.Keep, stretch.Ratio, stretch.Describe(),
            vocabulary is not null ? [] : [
                $"{folder} holds no vocabulary, so none is beside the new tower: put {ClipVocabulary.VocabularyName} and "
                + $"{ClipVocabulary.MergesName} there, with model_max_length {stretch.Length} in tokenizer_config.json."]);
    }

    private static void Write(
        LongClipStretchConfig config, ClipTextCheckpoint checkpoint, ClipTextModel longer, ClipVocabulary? vocabulary)
    {
        if (!ClipModel.IsIn(config.Model))
        {
            ClipFolder.Write(config.Output, config.Layout, longer, null, vocabulary);
            return;
        }
        using var images = VisionCheckpoint.Open(config.Model);
        using var vision = (ClipVisionModel)images.Load(CPU);
        var transform = images.Transform
            ?? Preprocessor.FromFile(Path.Combine(ClipModel.FolderOf(config.Model), Preprocessor.FileName));
        var half = new ClipImageHalf(vision, transform, ClipModel.ScaleOf(checkpoint.Weights, config.Model));
        ClipFolder.Write(config.Output, config.Layout, longer, half, vocabulary);
    }
}
