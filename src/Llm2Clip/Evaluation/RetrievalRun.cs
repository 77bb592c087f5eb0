using Llm2Clip.Data;
using Llm2Clip.Data.Loading;
using Llm2Clip.Files;
using Llm2Clip.Layers;
using Llm2Clip.Models;
using Llm2Clip.Reporting;
using Llm2Clip.Teachers;
using Llm2Clip.Teachers.Adapter;
using Llm2Clip.Teachers.Store;

namespace Llm2Clip.Evaluation;

/// <summary>
/// The <c>eval retrieval</c> command: a student and its teacher on a data set, captions of any languages, with
/// <c>retrieval.json</c> and <c>report.html</c> as the result.
/// </summary>
public static class RetrievalRun
{
    /// <summary>Name of the page in the output folder.</summary>
    public const string ReportFile = "report.html";

    /// <summary>Name of the numbers in the output folder.</summary>
    public const string JsonFile = "retrieval.json";

    /// <summary>
    /// Evaluates and writes both files. Throws <see cref="ConfigException"/> where model or teacher is not named, and
    /// <see cref="InputException"/> where they do not belong together or the data lacks what is asked for.
    /// </summary>
    public static RetrievalReport Run(RetrievalConfig config, DataConfig data, TeacherConfig teacherConfig, IRunLog log, CancellationToken cancellation = default) =>
        Run(config, data, teacherConfig, takeLock: true, log, cancellation);

    /// <summary>The same; without <paramref name="takeLock"/> in a folder that the caller has locked.</summary>
    internal static RetrievalReport Run(RetrievalConfig config, DataConfig data, TeacherConfig teacherConfig, bool takeLock, IRunLog log, CancellationToken cancellation)
    {
        Require(config.Model, "eval.model", "the folder that clip-train wrote, for example --model runs/student/model");
        Require(teacherConfig.Path, "teacher.tuned", "the teacher that the student was trained with, for example --teacher runs/teacher");
        var device = ComputeDevice.Resolve(config.Device);
        using var student = Student.Load(config.Model, device.Device);
        using var teacher = Teacher.Open(teacherConfig.Path, teacherConfig, log);
        RequireSameTeacher(student, teacher, config.Model, teacherConfig.Path);
        var pattern = config.Data.Length > 0 ? config.Data : data.Val;
        Require(pattern, "data.val", "the pictures to search, for example --data 'data/val-*.tar'");

        var source = SampleSources.Open(pattern, data, log);
        var output = config.Output.Length > 0 ? config.Output : config.Model;
        using var writer = takeLock ? FolderLock.Take(output) : null;
        var pictures = EncodedPictures.Encode(
            source, LoaderConfig.ForEvaluation(data, student.Transform, config.BatchSize), batch => student.EncodeImages(batch.Pixels, batch.Count), log, cancellation);
        using var vectors = new TeacherVectors(teacher, config.RawStore, VectorType.Fp16, log);
        var evaluation = new RetrievalEvaluation(
            pictures, config, (texts, language, mode) => student.EncodeTexts(vectors.Embed(texts, language, mode, cancellation), texts.Count));
        var (rows, shown) = evaluation.Run(vectors.HasOwnMean);

        var report = new RetrievalReport
        {
            Model = config.Model,
            Teacher = teacherConfig.Path,
            TeacherFingerprint = teacher.Fingerprint,
            Data = pattern,
            Images = pictures.Samples.Count,
            ReferenceLanguage = config.ReferenceLanguage,
            Rows = rows,
            Notes = MeansUsed(rows, teacher),
            Queries = shown,
        };
        Write(report, output, teacherConfig.Path);
        return report;
    }

    /// <summary>Writes both files of a report; each appears complete or not at all.</summary>
    public static void Write(RetrievalReport report, string folder, string teacherFolder)
    {
        DurableFolder.Create(folder);
        PendingFile.Write(Path.Combine(folder, JsonFile), report.ToJson() + "\n");
        var page = new HtmlReport("Retrieval: " + report.Model).Recall(report);
        page.Heading("Queries and the pictures they found").Paragraph("Queries are drawn by the seed, not chosen by success. The query's own picture is framed.").Gallery(report.Queries);
        var run = Path.GetDirectoryName(Path.GetFullPath(report.Model))!;
        page.Heading("Student: training (clip-train)").Curves(MetricsLog.Read(run));
        page.Heading("Teacher: caption-contrastive training (cc-finetune)").Curves(MetricsLog.Read(teacherFolder));
        page.Write(Path.Combine(folder, ReportFile));
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
                $"{model} was trained with the teacher {student.TeacherFingerprint[..12]}, but {path} is {teacher.Fingerprint[..12]}: their caption vectors do not mean the same. "
                + "Name the teacher folder of that training run.");
        }
    }

    /// <summary>Where the means of the rows with an own mean came from.</summary>
    private static IReadOnlyList<string> MeansUsed(IReadOnlyList<RetrievalRow> rows, Teacher teacher) =>
    [
        .. from row in rows
           where row.Centering == RetrievalEvaluation.OwnMean
           let mean = (teacher.Adapter as CcAdapter)?.Means.Of(row.Language)
           where mean is not null
           select $"{row.Language}, own mean: the mean of {mean.Count} sentences in {mean.Language} ({mean.Source}) was taken out; no pictures, no pairs.",
    ];
}
