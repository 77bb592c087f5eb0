using System.Globalization;
using Llm2Clip.Configuration;
using Llm2Clip.Data;
using Llm2Clip.Data.Loading;
using Llm2Clip.Evaluation;
using Llm2Clip.Evaluation.Classification;
using Llm2Clip.Files;
using Llm2Clip.Layers;
using Llm2Clip.Models;
using Llm2Clip.Reporting;
using Llm2Clip.Teachers.Adapter;
using Llm2Clip.Teachers.Store;

namespace Llm2Clip.Pipeline;

/// <summary>
/// The <c>eval zeroshot</c> command: images classified by the names of classes in any language, with <c>zeroshot.json</c> and
/// <c>zeroshot.html</c> as the result.
/// </summary>
public static class EvalZeroShot
{
    /// <summary>Name of the page in the output folder.</summary>
    public const string ReportFile = "zeroshot.html";

    /// <summary>Name of the numbers in the output folder.</summary>
    public const string JsonFile = RunFiles.ZeroShot;

    /// <summary>
    /// Evaluates and writes both files. Classes, languages, model and teacher are checked before the LLM is loaded. Throws
    /// <see cref="ConfigException"/> where something is not named, <see cref="InputException"/> where labels and classes, or model and
    /// teacher, do not belong together.
    /// </summary>
    public static ZeroShotReport Run(RunConfig run, IRunLog log, CancellationToken cancellation)
    {
        var config = Checked.Require(run.EvalZeroshot, "eval_zeroshot");
        if (ClipEvaluation.IsMeant(run))
        {
            return ClipEvaluation.ZeroShot(run, log, cancellation);
        }
        Needs.OfZeroShot(run);
        var file = ClassFile.Read(config.Classes, config.Templates);
        var languages = file.Chosen(config.Languages);
        var model = run.NamedStudent();
        var output = run.EvaluationFolder(StudentFolder.Find(model), config.Output);
        using var files = RunTeacher.Open(run, log);
        var device = ComputeDevice.Resolve(run.Eval.Device).Device;
        using var student = Student.Load(model, device);
        EvalRetrieval.RequireSameTeacher(student, files.Fingerprint, model, run.TunedTeacher().Path);
        var source = Datasets.OpenLabeled(config.Data, run.LabeledData(), config.LabelKey, "eval_zeroshot.label_key", log);
        var means = OwnMeans.OfEvaluation(run, files, languages, evaluated: "", log, cancellation);
        var rawStore = RunTeacher.RawStore(run, run.Eval.RawStore, files.RawFingerprint, files.RawStore);
        RunTeacher.RequireRawStoreOf(files, rawStore);
        using var writer = FolderLock.Take(output);
        var loader = LoaderConfig.ForEvaluation(run.LabeledData(), student.Transform, run.Eval.BatchSize);
        var images = EncodedImages.Encode(
            source, loader, batch => student.EncodeImages(batch.Pixels, batch.Count, run.Eval.Mirror), log, cancellation);
        var labels = file.Find([.. images.Samples.Select(Datasets.LabelOf)], config.Data);
        using var teacher = files.Load(log);
        using var vectors = new TeacherVectors(teacher, rawStore, VectorType.Fp16, log);
        if (means.Count > 0)
        {
            vectors.FitMeans(means, run.Data, log, cancellation);
        }
        var rows = Rows(run, file, languages, images, labels, vectors, student, cancellation);
        var report = new ZeroShotReport
        {
            Model = model,
            Teacher = run.TunedTeacher().Path,
            TeacherFingerprint = teacher.Fingerprint,
            Data = config.Data,
            ClassFile = config.Classes,
            TemplateFile = config.Templates,
            Classes = file.Classes.Count,
            Images = images.Samples.Count,
            Rows = rows,
            Notes = Notes(run, file, rows, vectors.Means, labels),
            Date = TimeProvider.System.GetUtcNow(),
            Device = device.ToString(),
            Page = Path.Combine(output, ReportFile),
        };
        Write(run, report, file, output);
        return report;
    }

    /// <summary>Each file appears complete or not at all.</summary>
    internal static void Write(RunConfig run, ZeroShotReport report, ClassFile file, string folder)
    {
        DurableFolder.Create(folder);
        PendingFile.Write(Path.Combine(folder, JsonFile), report.ToJson() + "\n");
        ZeroShotPage.Of(report, file, run.EvalZeroshot.ShownClasses, ConfigBinder.Print(run, comments: false)).Write(report.Page);
    }

    /// <summary>Classes named in one language.</summary>
    internal static ZeroShotRow Row(
        RunConfig run, ClassFile file, string language, string mean, EncodedImages images, int[] labels, EmbedPrompts embed)
    {
        (string Id, string Name)[] names = [.. file.Classes.Select(entry => (entry.Id, entry.Shown(language)))];
        var prompts = Enumerable.Range(0, names.Length).Sum(number => file.Prompts(number, language).Count);
        var classes = ClassVectors.Of(file, language, images.Vectors.Dimension, embed);
        return new ZeroShotRow(language, mean, prompts, ClassScores.Of(images.Vectors, classes, labels, names, run.Eval.Seed));
    }

    private static List<ZeroShotRow> Rows(
        RunConfig run, ClassFile file, IReadOnlyList<string> languages, EncodedImages images, int[] labels, TeacherVectors vectors,
        Student student, CancellationToken cancellation)
    {
        var rows = new List<ZeroShotRow>();
        foreach (var language in languages)
        {
            foreach (var mode in RetrievalEvaluation.Modes(run.Eval.Means, vectors.HasOwnMean(language)))
            {
                rows.Add(Row(
                    run, file, language, RetrievalEvaluation.NameOf(mode), images, labels,
                    texts => student.EncodeTexts(vectors.Embed(texts, language, mode, cancellation), texts.Count)));
            }
        }
        return rows;
    }

    internal static IReadOnlyList<string> Notes(
        RunConfig run, ClassFile file, IReadOnlyList<ZeroShotRow> rows, LanguageMeans? means, int[] labels)
    {
        var empty = Enumerable.Range(0, file.Classes.Count).Except(labels).Select(number => file.Classes[number].Id).ToList();
        var alike = rows.Select(row => row.Language).Distinct().Select(language => (Language: language, Alike: file.Alike(language)));
        return
        [
            .. OwnMeans.Used(rows.Select(row => (row.Language, row.Mean)), means),
            .. empty.Count == 0 ? Array.Empty<string>() : [string.Create(CultureInfo.InvariantCulture,
                $"{empty.Count:N0} of the {file.Classes.Count:N0} classes have no image: {Some(empty)}.")],
            .. alike.Where(one => one.Alike.Count > 0).Select(one =>
                $"{one.Language}: classes with the same prompts are never told apart, as ties count against them: "
                    + $"{Some([.. one.Alike.Select(pair => $"{pair.Id} and {pair.Like}")])}."),
            .. run.Eval.Mirror ? [EvalRetrieval.Mirrored] : Array.Empty<string>(),
        ];
    }

    private static string Some(IReadOnlyList<string> names) => string.Join(", ", names.Take(5)) + (names.Count > 5 ? ", ..." : "");
}
