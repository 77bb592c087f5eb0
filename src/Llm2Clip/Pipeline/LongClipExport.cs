using Llm2Clip.Configuration;
using Llm2Clip.Files;
using Llm2Clip.Models.Clip;
using Llm2Clip.Models.Text;
using static TorchSharp.torch;

namespace Llm2Clip.Pipeline;

/// <summary>What <c>longclip export</c> wrote.</summary>
/// <param name="Model">Whose text tower it is.</param>
/// <param name="Output">The folder.</param>
/// <param name="Class">The class of transformers that opens it.</param>
/// <param name="Positions">Tokens that a text may have.</param>
/// <param name="EndToken">Id of the end token, at which a text is pooled.</param>
/// <param name="Notes">What is still missing to use it.</param>
public sealed record TextExportReport(
    string Model, string Output, string Class, int Positions, int EndToken, IReadOnlyList<string> Notes);

/// <summary>The <c>longclip export</c> command: a text tower with its tokenizer, as transformers and diffusers take them.</summary>
public static class LongClipExport
{
    /// <summary>Writes the folder.</summary>
    /// <exception cref="ConfigException">A key is missing, or a projection is asked for that is not there.</exception>
    /// <exception cref="InputException">The model is damaged, or has no text tower of CLIP.</exception>
    public static TextExportReport Run(RunConfig run, IRunLog log, CancellationToken cancellation)
    {
        var config = Checked.Require(run.LongclipExport, "longclip_export");
        ConfigBinder.Require(
            (config.Model, "longclip_export.model", "the CLIP whose text tower is written"),
            (config.Output, "longclip_export.output", "the folder to write"));
        var source = ClipModel.Find(config.Model);
        if (Path.GetFullPath(config.Output) == Path.GetFullPath(source))
        {
            throw new ConfigException("longclip_export.output is the model's own folder; name another one.");
        }
        using var checkpoint = ClipTextCheckpoint.Open(source);
        if (config.Projection && !checkpoint.Config.HasProjection)
        {
            throw new ConfigException($"{source} has a text tower without a projection; set longclip_export.projection to false.");
        }
        using var writer = FolderLock.Take(config.Output);
        using var whole = checkpoint.Load(CPU);
        using var bare = config.Projection ? null : StretchedClip.WithoutProjection(whole);
        var text = bare ?? whole;
        cancellation.ThrowIfCancellationRequested();
        ClipFolder.Write(config.Output, ClipLayout.HuggingFace, text, images: null, vocabulary: null);
        var folder = ClipModel.FolderOf(source);
        var hasVocabulary = ClipVocabulary.IsIn(folder);
        if (hasVocabulary)
        {
            var vocabulary = ClipVocabulary.Read(folder);
            ClipModel.RequireFit(new ClipTokenizer(vocabulary), text.Config, source);
            vocabulary.Save(config.Output, text.Config.Positions, config.Padding);
        }
        log.Info($"{config.Output} is written.");
        return new TextExportReport(
            config.Model, config.Output, text.Config.HasProjection ? "CLIPTextModelWithProjection" : "CLIPTextModel",
            text.Config.Positions, text.Config.EndToken,
            hasVocabulary ? [] : [$"{folder} holds no vocabulary, so no tokenizer is beside the text encoder."]);
    }
}
