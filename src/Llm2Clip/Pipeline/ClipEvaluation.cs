using System.Globalization;
using Llm2Clip.Configuration;
using Llm2Clip.Data;
using Llm2Clip.Data.Loading;
using Llm2Clip.Evaluation;
using Llm2Clip.Evaluation.Classification;
using Llm2Clip.Files;
using Llm2Clip.Layers;
using Llm2Clip.Models;
using Llm2Clip.Models.Clip;
using Llm2Clip.Teachers.Adapter;

namespace Llm2Clip.Pipeline;

/// <summary>
/// The evaluations of a whole CLIP, whose own text tower embeds captions and prompts: <c>eval retrieval</c> and <c>eval zeroshot</c> where
/// <c>eval.model</c> names one. There is no teacher, so that there are no means either.
/// </summary>
internal sealed class ClipEvaluation : IDisposable
{
    private readonly RunConfig _run;
    private readonly ClipModel _model;
    private int _embedded;
    private int _truncated;

    private ClipEvaluation(RunConfig run, ClipModel model) => (_run, _model) = (run, model);

    /// <summary>Opens the model that <c>eval.model</c> names.</summary>
    /// <exception cref="InputException">It is damaged, or its parts do not fit.</exception>
    public static ClipEvaluation Open(RunConfig run, IRunLog log)
    {
        var model = ClipModel.Load(ClipModel.Find(run.Eval.Model), ComputeDevice.Resolve(run.Eval.Device).Device);
        log.Info($"{run.Eval.Model} is a whole CLIP and embeds the texts itself.");
        return new ClipEvaluation(run, model);
    }

    /// <summary>Whether <c>eval.model</c> names a whole CLIP.</summary>
    public static bool IsMeant(RunConfig run) => run.Eval.Model.Length > 0 && ClipModel.IsIn(ClipModel.Find(run.Eval.Model));

    /// <summary>Scores captions and images; <c>retrieval.json</c> and <c>report.html</c> are written.</summary>
    public static RetrievalReport Retrieval(RunConfig run, bool takeLock, IRunLog log, CancellationToken cancellation)
    {
        var pattern = run.EvaluationData();
        ConfigBinder.Require((pattern, "data.val", "the images to search"));
        var output = FolderOf(run, "");
        using var evaluated = Open(run, log);
        var source = Datasets.Open(pattern, run.Data, log);
        var banks = QuerybankTexts.Of(run, evaluated.Languages(source, pattern, cancellation), log, cancellation);
        using var writer = takeLock ? FolderLock.Take(output) : null;
        var images = evaluated.Encode(source, run.Data, log, cancellation);
        var evaluation = new RetrievalEvaluation(
            images, run.Eval, (texts, _, _) => evaluated.Embed(texts, cancellation), banks.ByLanguage);
        var (rows, shown) = evaluation.Run(_ => false);
        var report = new RetrievalReport
        {
            Model = run.Eval.Model,
            Teacher = "",
            TeacherFingerprint = "",
            Data = pattern,
            Images = images.Samples.Count,
            ReferenceLanguage = run.Eval.ReferenceLanguage,
            Rows = [.. rows.Select(row => row with { Mean = RetrievalEvaluation.NoMean })],
            Lengths = evaluation.Lengths.Count == 0
                ? null
                : [.. evaluation.Lengths.Select(row => row with { Mean = RetrievalEvaluation.NoMean })],
            Notes = [.. banks.Notes, .. evaluated.Truncations(), .. run.Eval.Mirror ? [EvalRetrieval.Mirrored] : Array.Empty<string>()],
            Queries = shown,
            Date = TimeProvider.System.GetUtcNow(),
            Device = evaluated._model.Device.ToString(),
            Page = Path.Combine(output, EvalRetrieval.ReportFile),
        };
        EvalRetrieval.Write(report, output, ConfigBinder.Print(run, comments: false), TrainingOf(run));
        return report;
    }

    /// <summary>Classifies images by the names of classes; <c>zeroshot.json</c> and <c>zeroshot.html</c> are written.</summary>
    public static ZeroShotReport ZeroShot(RunConfig run, IRunLog log, CancellationToken cancellation)
    {
        var config = run.EvalZeroshot;
        ConfigBinder.Require(
            (config.Classes, "eval_zeroshot.classes", "the file of classes"),
            (config.Data, "eval_zeroshot.data", "the labeled images"));
        var file = ClassFile.Read(config.Classes, config.Templates);
        var languages = file.Chosen(config.Languages);
        var output = FolderOf(run, config.Output);
        using var evaluated = Open(run, log);
        var source = Datasets.OpenLabeled(config.Data, run.LabeledData(), config.LabelKey, "eval_zeroshot.label_key", log);
        using var writer = FolderLock.Take(output);
        var images = evaluated.Encode(source, run.LabeledData(), log, cancellation);
        var labels = file.Find([.. images.Samples.Select(Datasets.LabelOf)], config.Data);
        List<ZeroShotRow> rows =
        [
            .. languages.Select(language => EvalZeroShot.Row(
                run, file, language, RetrievalEvaluation.NoMean, images, labels, texts => evaluated.Embed(texts, cancellation))),
        ];
        var report = new ZeroShotReport
        {
            Model = run.Eval.Model,
            Teacher = "",
            TeacherFingerprint = "",
            Data = config.Data,
            ClassFile = config.Classes,
            TemplateFile = config.Templates,
            Classes = file.Classes.Count,
            Images = images.Samples.Count,
            Rows = rows,
            Notes = [.. EvalZeroShot.Notes(run, file, rows, null, labels), .. evaluated.Truncations()],
            Date = TimeProvider.System.GetUtcNow(),
            Device = evaluated._model.Device.ToString(),
            Page = Path.Combine(output, EvalZeroShot.ReportFile),
        };
        EvalZeroShot.Write(run, report, file, output);
        return report;
    }

    /// <summary>Frees the model.</summary>
    public void Dispose() => _model.Dispose();

    private static string FolderOf(RunConfig run, string named) =>
        named.Length > 0 ? named : run.Eval.Output.Length > 0 ? run.Eval.Output : ClipModel.FolderOf(ClipModel.Find(run.Eval.Model));

    /// <summary>The folder of the training that wrote the model, with its metrics; the model's own where it is another program's.</summary>
    private static string TrainingOf(RunConfig run)
    {
        var folder = Path.GetFullPath(ClipModel.FolderOf(ClipModel.Find(run.Eval.Model)));
        var isTrained = Path.GetFileName(Path.TrimEndingDirectorySeparator(folder)) == StudentFolder.ModelName;
        return isTrained ? Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(folder))! : folder;
    }

    /// <summary>
    /// Languages that will have a row; those that are named where the data is a stream, which is not read twice. A caption that is too long
    /// is refused here, before the images are encoded.
    /// </summary>
    private IReadOnlyList<string> Languages(ISampleSource source, string pattern, CancellationToken cancellation)
    {
        var asked = _run.Eval.Languages;
        if (!CaptionSurvey.CanSurvey(pattern))
        {
            return asked;
        }
        var groups = CaptionStream.Of(source, _run.Data, [], _run.Eval.Kinds, SilentLog.Instance, cancellation);
        return RetrievalEvaluation.Languages(_run.Eval, CaptionSurvey.Of(groups.Select(Checked)).Languages);

        CaptionGroup Checked(CaptionGroup group)
        {
            var captions = group.Captions.Where(caption => asked.Count == 0 || asked.Contains(caption.Language));
            _ = _run.Eval.Truncate
                ? null
                : _model.Tokenizer.Encode([.. captions.Select(caption => caption.Text)], _model.Text.Config.Positions, truncate: false);
            return group;
        }
    }

    private EncodedImages Encode(ISampleSource source, DataConfig data, IRunLog log, CancellationToken cancellation) =>
        EncodedImages.Encode(
            source, LoaderConfig.ForEvaluation(data, _model.Transform, _run.Eval.BatchSize),
            batch => _model.EncodeImages(batch.Pixels, batch.Count, _run.Eval.Mirror), log, cancellation);

    private float[] Embed(IReadOnlyList<string> texts, CancellationToken cancellation)
    {
        var encoded = _model.EncodeTexts(texts, _run.Eval.Truncate, cancellation);
        (_embedded, _truncated) = (_embedded + texts.Count, _truncated + encoded.Truncated);
        return encoded.Features;
    }

    private string[] Truncations() => _truncated == 0 ? [] :
    [
        string.Create(
            CultureInfo.InvariantCulture,
            $"{_truncated:N0} of {_embedded:N0} texts are longer than {_model.Text.Config.Positions} tokens and lost their end ")
            + "(eval.truncate).",
    ];
}
