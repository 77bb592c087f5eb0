using System.Diagnostics;
using Llm2Clip.Configuration;
using Llm2Clip.Data;
using Llm2Clip.Data.Loading;
using Llm2Clip.Layers;
using Llm2Clip.Models;
using Llm2Clip.Search;
using Llm2Clip.Teachers;

namespace Llm2Clip.Pipeline;

/// <summary>What <c>embed</c> wrote.</summary>
/// <param name="File">The file.</param>
/// <param name="Vectors">Vectors in it.</param>
/// <param name="Dimension">Length of each.</param>
/// <param name="Language">Language that sentences were taken for; null of images.</param>
/// <param name="Seconds">Wall clock.</param>
public sealed record EmbedReport(string File, long Vectors, int Dimension, string? Language, double Seconds);

/// <summary>
/// The <c>embed</c> command: vectors of length 1 of images or sentences, for other programs. Products of both are what <c>search</c> ranks
/// by.
/// </summary>
public static class EmbedVectors
{
    /// <summary>
    /// Writes the file, whole or not at all. Throws <see cref="ConfigException"/> where nothing is named, <see cref="InputException"/>
    /// where data, student or teacher cannot be read or do not belong together.
    /// </summary>
    public static EmbedReport Run(RunConfig run, IRunLog log, CancellationToken cancellation)
    {
        var config = Checked.Require(run.Embed, "embed");
        ConfigBinder.Require(
            (config.Output, "embed.output", "the file for the vectors"),
            (config.Data + config.Texts, "embed.data", "the images, or the sentences as embed.texts"));
        var clock = Stopwatch.StartNew();
        var model = run.NamedStudent();
        using var student = Student.Load(model, ComputeDevice.Resolve(config.Device).Device);
        using var file = VectorFile.Create(config.Output, student.EmbedDim);
        var (vectors, language) = config.Data.Length > 0
            ? (Images(run, student, file, log, cancellation), null)
            : Texts(run, student, model, file, log, cancellation);
        file.Complete();
        return new EmbedReport(config.Output, vectors, student.EmbedDim, language, Math.Round(clock.Elapsed.TotalSeconds, 3));
    }

    private static long Images(RunConfig run, Student student, VectorFile file, IRunLog log, CancellationToken cancellation)
    {
        var source = Datasets.OpenImages(run.Embed.Data, run.Data, log);
        var loader = LoaderConfig.ForEvaluation(run.Data, student.Transform, run.Embed.BatchSize);
        using var images = new SampleLoader(source, loader, log);
        var total = CaptionSurvey.CanSurvey(run.Embed.Data) ? images.CountSamples(cancellation) : 0;
        using var progress = log.Start("Embed images", total, "images");
        var written = 0L;
        foreach (var batch in images.Epoch(0, cancellation: cancellation))
        {
            using (batch)
            {
                var rows = student.EncodeImages(batch.Pixels, batch.Count);
                Write(file, [.. batch.Samples.Select(sample => sample.Image.File ?? sample.Origin)], rows);
                progress.Advance(batch.Count);
                written += batch.Count;
            }
        }
        return written;
    }

    private static (long Written, string Language) Texts(
        RunConfig run, Student student, string model, VectorFile file, IRunLog log, CancellationToken cancellation)
    {
        var sentences = Read(run.Embed.Texts);
        var path = run.Teacher.Tuned.Length > 0 ? run.Teacher.Tuned : StudentTeacher.Find(model, student.TeacherFingerprint);
        using var files = TeacherFiles.Open(
            ConfigBinder.Required(path, "teacher.tuned", "the teacher that the student was trained with"),
            run.Teacher with { Tuned = "", Path = path });
        EvalRetrieval.RequireSameTeacher(student, files.Fingerprint, model, path);
        using var teacher = files.Load(log);
        var language = run.Embed.Language.Length > 0 ? run.Embed.Language : SentenceVectors.Detect(teacher, sentences);
        using var progress = log.Start("Embed sentences", sentences.Count, "sentences");
        foreach (var batch in sentences.Chunk(run.Embed.BatchSize))
        {
            Write(file, batch, SentenceVectors.Of(student, teacher, batch, language, cancellation));
            progress.Advance(batch.Length);
        }
        return (sentences.Count, language);
    }

    private static IReadOnlyList<string> Read(string path)
    {
        try
        {
            var sentences = File.ReadLines(path).Where(line => line.Trim().Length > 0).ToList();
            return sentences.Count > 0 ? sentences : throw new InputException($"{path} holds no sentence: one per line is expected.");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: the sentences cannot be read: {error.Message}", error);
        }
    }

    private static void Write(VectorFile file, IReadOnlyList<string> names, float[] rows)
    {
        var dimension = rows.Length / names.Count;
        for (var i = 0; i < names.Count; i++)
        {
            file.Add(names[i], rows.AsSpan(i * dimension, dimension));
        }
    }
}
