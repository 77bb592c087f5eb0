using Llm2Clip.Configuration;
using Llm2Clip.Files;
using Llm2Clip.Models;
using Llm2Clip.Models.Clip;
using Llm2Clip.Models.Dino;
using Llm2Clip.Models.Onnx;
using Llm2Clip.Models.Siglip;
using Llm2Clip.Reporting;
using Llm2Clip.Teachers;

namespace Llm2Clip.Pipeline;

/// <summary>What <c>export onnx</c> and <c>export hf</c> wrote.</summary>
/// <param name="To">The folder.</param>
/// <param name="Files">Names of the files in it that were written.</param>
/// <param name="EmbedDim">Length of the vectors.</param>
/// <param name="Notes">What is missing to use it.</param>
public sealed record ModelExport(string To, IReadOnlyList<string> Files, int EmbedDim, IReadOnlyList<string> Notes);

/// <summary>The <c>export</c> commands for whole models: ONNX files, and a folder of Hugging Face with a model card.</summary>
public static class ExportModels
{
    /// <summary>Name of the image encoder's file.</summary>
    public const string ImageFile = "image_encoder.onnx";

    /// <summary>Name of a text adapter's file.</summary>
    public const string AdapterFile = "text_adapter.onnx";

    /// <summary>Name of a text tower's file.</summary>
    public const string TextFile = "text_encoder.onnx";

    /// <summary>Writes the image encoder and the text side as ONNX files, with what prepares their input.</summary>
    /// <exception cref="ConfigException">No place is named, or it is the model's own folder.</exception>
    /// <exception cref="InputException">There is no model, or a damaged one.</exception>
    public static ModelExport Onnx(RunConfig run, IRunLog log)
    {
        using var model = Open(run, out var to);
        using var writer = FolderLock.Take(to);
        WriteImages(model, to);
        Preprocessor.Save(model.Transform, to);
        if (model.Student is { } student)
        {
            OnnxExport.WriteAdapter(Path.Combine(to, AdapterFile), student.TextAdapter);
        }
        else if (model.Clip is { } clip)
        {
            OnnxExport.WriteText(Path.Combine(to, TextFile), clip.Text);
            clip.Tokenizer.Vocabulary.Save(to, clip.Text.Config.Positions);
        }
        log.Detail($"Pixels are normalized as {Preprocessor.FileName} says; sides are those of the model, {model.Encoder.ImageSize}.");
        return Result(model, to, model.Student is null ? [] : [
            $"{AdapterFile} takes the teacher's vectors, which the LLM makes: `llm2clip embed --texts` does both."]);
    }

    /// <summary>Writes a folder that transformers opens where it knows the family, with a model card.</summary>
    /// <exception cref="ConfigException">No place is named, or it is the model's own folder.</exception>
    /// <exception cref="InputException">There is no model, or a damaged one, or a damaged result beside it.</exception>
    public static ModelExport HuggingFace(RunConfig run, IRunLog log)
    {
        using var model = Open(run, out var to);
        var card = CardOf(run, model);
        using var writer = FolderLock.Take(to);
        if (model.Student is { } student)
        {
            student.Save(to);
        }
        else if (model.Clip is { } clip)
        {
            clip.Save(to, ClipLayout.HuggingFace);
        }
        else
        {
            model.Tower!.Save(to);
            Preprocessor.Save(model.Transform, to);
        }
        if (card.Snippet == SnippetKind.Onnx)
        {
            WriteImages(model, to);
        }
        PendingFile.Write(Path.Combine(to, ModelCard.FileName), ModelCard.Text(card));
        log.Detail($"The recipe in {ModelCard.FileName} is that of {card.Settings ?? "nothing: no run file is there"}.");
        return Result(model, to, card.Scores is null
            ? [$"No {RunFiles.Retrieval} of this model is beside it, so that the card has no scores: run `llm2clip eval retrieval` first."]
            : []);
    }

    private static ExportedModel Open(RunConfig run, out string to)
    {
        to = ConfigBinder.Required(run.Export.To, "export.to", "the folder that is written");
        var source = run.NamedStudent();
        ExportedModel.RefuseOwn(to, source);
        return ExportedModel.Open(source);
    }

    private static void WriteImages(ExportedModel model, string to) =>
        OnnxExport.WriteImages(Path.Combine(to, ImageFile), model.Encoder, model.Student?.ImageHead);

    private static ModelExport Result(ExportedModel model, string to, IReadOnlyList<string> notes) => new(
        to,
        [
            .. Directory.GetFiles(to).Select(file => Path.GetFileName(file)).Where(name => name != FolderLock.FileName)
                .Order(StringComparer.Ordinal),
        ],
        model.Student?.EmbedDim ?? model.Encoder.EmbedDim, notes);

    private static ModelCardFacts CardOf(RunConfig run, ExportedModel model)
    {
        var source = model.Source;
        var training = model.Student is null ? source : StudentFolder.Find(source).Training;
        var settings = RunFiles.FindOfTraining(training, RunFiles.Settings);
        return new ModelCardFacts
        {
            Name = run.Export.Name.Length > 0
                ? run.Export.Name
                : Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(run.Export.To))),
            License = run.Export.License,
            DataLicense = run.Export.DataLicense,
            LlmLicense = run.Export.LlmLicense,
            Kind = model.Student is not null ? CardKind.Student : model.Clip is not null ? CardKind.Clip : CardKind.Tower,
            Snippet = SnippetOf(model),
            EmbedDim = model.Student?.EmbedDim ?? model.Encoder.EmbedDim,
            ImageSize = model.Encoder.ImageSize,
            TeacherFingerprint = model.Student?.TeacherFingerprint is { Length: > 0 } fingerprint ? Fingerprints.Short(fingerprint) : "",
            Scores = ResultOf(model, RunFiles.Retrieval),
            ZeroShot = ResultOf(model, RunFiles.ZeroShot),
            Settings = settings,
        };
    }

    /// <summary>
    /// A result near the model that is of these very weights: a run has those of its model, and may have others of its checkpoints. Null
    /// where there is none.
    /// </summary>
    private static string? ResultOf(ExportedModel model, string name)
    {
        if (model.Student is null)
        {
            return RunFiles.Find(ClipModel.FolderOf(model.Source), name);
        }
        var own = StudentFolder.Find(model.Source);
        string[] places = [model.Source, own.Training, Path.GetDirectoryName(Path.GetFullPath(own.Training))!];
        return places.Select(place => RunFiles.Find(place, name)).OfType<string>().FirstOrDefault(file =>
            IsSame(Path.GetDirectoryName(file)!, own) || IsSame(CardScores.ModelOf(file), own));
    }

    private static bool IsSame(string place, StudentFolder own)
    {
        try
        {
            var found = StudentFolder.Find(place);
            return Full(found.Settings) == Full(own.Settings) && Full(found.Checkpoint) == Full(own.Checkpoint);
        }
        catch (InputException)
        {
            return false; // it was moved, or is gone
        }

        static string Full(string? path) => path is null ? "" : Path.GetFullPath(path);
    }

    /// <summary>What opens the image encoder in Python: transformers, where it knows the family and there is no head of ours.</summary>
    private static SnippetKind SnippetOf(ExportedModel model) => model switch
    {
        { Clip: not null } => SnippetKind.WholeClip,
        { Student.ImageHead: not null } => SnippetKind.Onnx,
        { Encoder: ClipVisionModel } => SnippetKind.ClipVision,
        { Encoder: SiglipVisionModel or DinoVisionModel } => SnippetKind.Pooled,
        _ => SnippetKind.Onnx,
    };
}
