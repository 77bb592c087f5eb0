using Llm2Clip.Configuration;
using Llm2Clip.Data;
using Llm2Clip.Data.Loading;
using Llm2Clip.Evaluation;
using Llm2Clip.Files;
using Llm2Clip.Layers;
using Llm2Clip.Models;
using Llm2Clip.Reporting;
using Llm2Clip.Teachers;
using Llm2Clip.Teachers.Adapter;
using Llm2Clip.Teachers.Store;

namespace Llm2Clip.Pipeline;

/// <summary>
/// The <c>eval retrieval</c> command: a student and its teacher, or a whole CLIP, on a data set, captions of any languages, with
/// <c>retrieval.json</c>, <c>ranks.parquet</c> and <c>report.html</c> as the result.
/// </summary>
public static class EvalRetrieval
{
    /// <summary>Name of the page in the output folder.</summary>
    public const string ReportFile = "report.html";

    /// <summary>Name of the numbers in the output folder.</summary>
    public const string JsonFile = RunFiles.Retrieval;

    /// <summary>What is said beside numbers with <c>eval.mirror</c>.</summary>
    internal const string Mirrored = "Images: the mean of the vectors of the image and of its mirror image (eval.mirror).";

    /// <summary>
    /// Evaluates and writes both files. Model, teacher, languages and stores are checked before the LLM is loaded. Throws
    /// <see cref="ConfigException"/> where model, teacher or data is not named, and <see cref="InputException"/> where they do not belong
    /// together or the data lacks what is asked for.
    /// </summary>
    public static RetrievalReport Run(RunConfig run, IRunLog log, CancellationToken cancellation) =>
        Run(run, takeLock: true, log, cancellation);

    /// <summary>The same; without <paramref name="takeLock"/> in a folder that the caller has locked.</summary>
    internal static RetrievalReport Run(RunConfig run, bool takeLock, IRunLog log, CancellationToken cancellation)
    {
        var config = Checked.Require(run.Eval, "eval");
        return ClipEvaluation.IsMeant(run)
            ? ClipEvaluation.Retrieval(run, takeLock, log, cancellation)
            : OfStudent(run, config, takeLock, log, cancellation);
    }

    private static RetrievalReport OfStudent(
        RunConfig run, RetrievalConfig config, bool takeLock, IRunLog log, CancellationToken cancellation)
    {
        Needs.OfEvalRetrieval(run);
        var (model, pattern) = (run.NamedStudent(), run.EvaluationData());
        var found = StudentFolder.Find(model);
        var output = run.EvaluationFolder(found);
        if (found.Checkpoint is { } checkpoint)
        {
            log.Info($"{model} is evaluated as it was in its checkpoint, {checkpoint}.");
        }
        using var files = RunTeacher.Open(run, log);
        var device = ComputeDevice.Resolve(config.Device).Device;
        using var student = Student.Load(model, device);
        RequireSameTeacher(student, files.Fingerprint, model, run.TunedTeacher().Path);
        var source = Datasets.Open(pattern, run.Data, log);
        var languages = Languages(run, source, pattern, cancellation);
        var means = OwnMeans.OfEvaluation(run, files, languages, run.EvaluationData(), log, cancellation);
        var banks = QuerybankTexts.Of(run, languages, log, cancellation);
        var rawStore = RunTeacher.RawStore(run, config.RawStore, files.RawFingerprint, files.RawStore);
        RunTeacher.RequireRawStoreOf(files, rawStore);
        using var writer = takeLock ? FolderLock.Take(output) : null;
        using var teacher = files.Load(log);
        using var vectors = new TeacherVectors(teacher, rawStore, VectorType.Fp16, log);
        if (means.Count > 0)
        {
            vectors.FitMeans(means, run.Data, log, cancellation);
        }
        var loader = LoaderConfig.ForEvaluation(run.Data, student.Transform, config.BatchSize);
        var images = EncodedImages.Encode(
            source, loader, batch => student.EncodeImages(batch.Pixels, batch.Count, config.Mirror), log, cancellation);
        var evaluation = new RetrievalEvaluation(
            images, config,
            (texts, language, mode) => student.EncodeTexts(vectors.Embed(texts, language, mode, cancellation), texts.Count),
            banks.ByLanguage);
        var (rows, shown) = evaluation.Run(vectors.HasOwnMean);

        var report = new RetrievalReport
        {
            Model = model,
            Teacher = run.TunedTeacher().Path,
            TeacherFingerprint = teacher.Fingerprint,
            Data = pattern,
            Images = images.Samples.Count,
            ReferenceLanguage = config.ReferenceLanguage,
            Rows = rows,
            Lengths = evaluation.Lengths.Count == 0 ? null : evaluation.Lengths,
            Notes =
            [
                .. OwnMeans.Used(rows.Select(row => (row.Language, row.Mean)), vectors.Means), .. banks.Notes,
                .. config.Mirror ? [Mirrored] : Array.Empty<string>(),
            ],
            Queries = shown,
            Date = TimeProvider.System.GetUtcNow(),
            Device = device.ToString(),
            TeacherSettings = teacher.Describe(),
            Page = Path.Combine(output, ReportFile),
        };
        Write(report, output, ConfigBinder.Print(run, comments: false), found.Training);
        return report;
    }

    /// <summary>Languages that will have a row; those that are named where the data is a stream, which is not read twice.</summary>
    private static IReadOnlyList<string> Languages(RunConfig run, ISampleSource source, string pattern, CancellationToken cancellation)
    {
        if (!CaptionSurvey.CanSurvey(pattern))
        {
            return run.Eval.Languages;
        }
        var groups = CaptionStream.Of(source, run.Data, [], run.Eval.Kinds, SilentLog.Instance, cancellation);
        return RetrievalEvaluation.Languages(run.Eval, CaptionSurvey.Of(groups).Languages);
    }

    /// <summary>Each file appears complete or not at all.</summary>
    internal static void Write(RetrievalReport report, string folder, string settings, string training)
    {
        DurableFolder.Create(folder);
        QueryRanks.Write(Path.Combine(folder, QueryRanks.FileName), report.Rows);
        PendingFile.Write(Path.Combine(folder, JsonFile), report.ToJson() + "\n");
        RetrievalPage.Of(report, settings, training).Write(Path.Combine(folder, ReportFile));
    }

    /// <summary>Throws <see cref="InputException"/> where the student was trained with another teacher.</summary>
    internal static void RequireSameTeacher(Student student, string fingerprint, string model, string path)
    {
        if (student.TeacherFingerprint.Length > 0 && student.TeacherFingerprint != fingerprint)
        {
            throw new InputException(
                $"{model} was trained with the teacher {Fingerprints.Short(student.TeacherFingerprint)}, but {path} is "
                + $"{Fingerprints.Short(fingerprint)}: their caption vectors do not mean the same. Name the teacher folder of that "
                + "training run (--teacher, teacher.tuned), or run `llm2clip extract` and `llm2clip clip-train` with this one.");
        }
    }
}
