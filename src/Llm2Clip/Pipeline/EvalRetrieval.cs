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
/// The <c>eval retrieval</c> command: a student and its teacher on a data set, captions of any languages, with
/// <c>retrieval.json</c> and <c>report.html</c> as the result.
/// </summary>
public static class EvalRetrieval
{
    /// <summary>Name of the page in the output folder.</summary>
    public const string ReportFile = "report.html";

    /// <summary>Name of the numbers in the output folder.</summary>
    public const string JsonFile = "retrieval.json";

    /// <summary>
    /// Evaluates and writes both files. Throws <see cref="ConfigException"/> where model, teacher or data is not named, and
    /// <see cref="InputException"/> where they do not belong together or the data lacks what is asked for.
    /// </summary>
    public static RetrievalReport Run(RunConfig run, IRunLog log, CancellationToken cancellation) => Run(run, takeLock: true, log, cancellation);

    /// <summary>The same; without <paramref name="takeLock"/> in a folder that the caller has locked.</summary>
    internal static RetrievalReport Run(RunConfig run, bool takeLock, IRunLog log, CancellationToken cancellation)
    {
        Checked.Require(run.Eval, "eval");
        var model = run.NamedStudent();
        var (tuned, pattern) = (run.TunedTeacher(), run.EvaluationData());
        Require(model, "eval.model", "the folder that clip-train wrote, for example --model runs/student");
        Require(tuned.Path, "teacher.tuned", "the teacher that the student was trained with, for example --teacher runs/teacher");
        Require(pattern, "data.val", "the images to search, for example --data 'data/val-*.tar'");
        var found = StudentFolder.Find(model);
        var output = run.EvaluationFolder(found);
        if (found.Checkpoint is { } checkpoint)
        {
            log.Info($"{model} is evaluated as it was in its checkpoint, {checkpoint}.");
        }
        using var student = Student.Load(model, ComputeDevice.Resolve(run.Eval.Device).Device);
        using var teacher = Teacher.Open(tuned.Path, tuned, log);
        RequireSameTeacher(student, teacher, model, tuned.Path);

        var source = Datasets.Open(pattern, run.Data, log);
        using var writer = takeLock ? FolderLock.Take(output) : null;
        var loader = LoaderConfig.ForEvaluation(run.Data, student.Transform, run.Eval.BatchSize);
        var images = EncodedImages.Encode(source, loader, batch => student.EncodeImages(batch.Pixels, batch.Count), log, cancellation);
        using var vectors = new TeacherVectors(teacher, run.Eval.RawStore, VectorType.Fp16, log);
        var evaluation = new RetrievalEvaluation(
            images, run.Eval, (texts, language, mode) => student.EncodeTexts(vectors.Embed(texts, language, mode, cancellation), texts.Count));
        var (rows, shown) = evaluation.Run(vectors.HasOwnMean);

        var report = new RetrievalReport
        {
            Model = model,
            Teacher = tuned.Path,
            TeacherFingerprint = teacher.Fingerprint,
            Data = pattern,
            Images = images.Samples.Count,
            ReferenceLanguage = run.Eval.ReferenceLanguage,
            Rows = rows,
            Notes = MeansUsed(rows, teacher),
            Queries = shown,
        };
        Write(report, output);
        return report;
    }

    /// <summary>Each file appears complete or not at all.</summary>
    private static void Write(RetrievalReport report, string folder)
    {
        DurableFolder.Create(folder);
        PendingFile.Write(Path.Combine(folder, JsonFile), report.ToJson() + "\n");
        RetrievalPage.Of(report).Write(Path.Combine(folder, ReportFile));
    }

    private static void Require(string value, string key, string remedy)
    {
        if (value.Length == 0)
        {
            throw new ConfigException($"{key} is empty: name {remedy}.");
        }
    }

    private static void RequireSameTeacher(Student student, Teacher teacher, string model, string path)
    {
        if (student.TeacherFingerprint.Length > 0 && student.TeacherFingerprint != teacher.Fingerprint)
        {
            throw new InputException(
                $"{model} was trained with the teacher {Fingerprints.Short(student.TeacherFingerprint)}, but {path} is "
                + $"{Fingerprints.Short(teacher.Fingerprint)}: their caption vectors do not mean the same. Name the teacher folder of that training run.");
        }
    }

    /// <summary>Where the means of the rows with an own mean came from.</summary>
    private static IReadOnlyList<string> MeansUsed(IReadOnlyList<RetrievalRow> rows, Teacher teacher) =>
    [
        .. from row in rows
           where row.Centering == RetrievalEvaluation.OwnMean
           let mean = teacher.Adapter?.Means.Of(row.Language)
           where mean is not null
           select $"{row.Language}, own mean: the mean of {mean.Count} sentences in {mean.Language} ({mean.Source}) was taken out; "
               + "no images, no pairs.",
    ];
}
