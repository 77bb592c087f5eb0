using System.Diagnostics;
using Llm2Clip.Configuration;
using Llm2Clip.Data;
using Llm2Clip.Layers;
using Llm2Clip.Models;
using Llm2Clip.Search;
using Llm2Clip.Teachers;

namespace Llm2Clip.Pipeline;

/// <summary>What <c>index</c> did.</summary>
/// <param name="Index">The index's folder.</param>
/// <param name="Images">Images in it now.</param>
/// <param name="Counts">What was found.</param>
/// <param name="Recovered">Images that a killed run had left behind its last commit.</param>
/// <param name="Teacher">The teacher that searches by text will use; empty where none is known.</param>
/// <param name="Graph">The graph of neighbors that was built; null where none was.</param>
/// <param name="Seconds">Wall clock.</param>
public sealed record IndexReport(
    string Index, long Images, UpdateCounts Counts, int Recovered, string Teacher, GraphReport? Graph, double Seconds);

/// <summary>A graph of neighbors that was built.</summary>
/// <param name="Images">Images in it.</param>
/// <param name="Recall">Share of the exact ten nearest images of an image that it finds.</param>
/// <param name="Seconds">Wall clock of building and measuring.</param>
public sealed record GraphReport(long Images, double Recall, double Seconds);

/// <summary>The <c>index</c> command: images encoded once, so that <c>search</c> finds them.</summary>
public static class IndexImages
{
    /// <summary>
    /// Brings the index up to date with a source, or with all that it was made of. Throws <see cref="ConfigException"/> where nothing is
    /// named or another process writes to it, <see cref="InputException"/> where data, student or teacher cannot be read or do not belong
    /// together; what was encoded is kept.
    /// </summary>
    public static IndexReport Run(RunConfig run, IRunLog log, CancellationToken cancellation)
    {
        var config = Checked.Require(run.Index, "index");
        var clock = Stopwatch.StartNew();
        var folder = run.IndexFolder();
        var before = IndexManifest.Exists(folder) ? IndexManifest.Read(folder) : null;
        var sources = Patterns(config, before, folder).Select(pattern => (Pattern: pattern, Data: Opened(pattern, run, log))).ToList();
        var model = Path.GetFullPath(run.Eval.Model.Length > 0 ? run.Eval.Model : before?.Model.Model ?? run.NamedStudent());
        using var student = Student.Load(model, ComputeDevice.Resolve(config.Device).Device);
        var teacher = Teacher(run, student, model, before, log);
        var identity = new IndexModel(StudentFingerprint.Of(student), model, teacher, student.TeacherFingerprint, student.EmbedDim);
        using var writer = ImageIndexWriter.Open(folder, identity, config.ThumbnailSide);
        if (writer.Recovered > 0)
        {
            log.Info($"{writer.Recovered} images of a run that was killed are taken over.");
        }
        var counts = new UpdateCounts(0, 0, 0, 0, 0);
        foreach (var (pattern, source) in sources)
        {
            var data = run.Data.For(source);
            var update = new IndexUpdate(
                writer, writer.Source(new IndexSource(pattern, data.DecodeOptions())), student.Transform,
                (pixels, count) => student.EncodeImages(pixels, count), data, config.BatchSize, log);
            var found = update.Run(source, CaptionSurvey.CanSurvey(pattern), cancellation);
            counts = new UpdateCounts(
                counts.Encoded + found.Encoded, counts.Taken + found.Taken, counts.Unchanged + found.Unchanged,
                counts.Removed + found.Removed, counts.Bad + found.Bad);
        }
        var graph = Graph(config.Graph, writer, log, cancellation);
        return new IndexReport(folder, writer.Count, counts, writer.Recovered, teacher, graph, Math.Round(clock.Elapsed.TotalSeconds, 3));
    }

    /// <summary>Builds the graph where one is wanted, and none is there or a tenth of the images came after it.</summary>
    private static GraphReport? Graph(GraphChoice choice, ImageIndexWriter writer, IRunLog log, CancellationToken cancellation)
    {
        var isWanted = choice == GraphChoice.Always || (choice == GraphChoice.Auto && writer.Count >= NeighborGraph.AutoFrom);
        if (!isWanted || writer.Count == 0 || writer.Uncovered * 10 < writer.Count)
        {
            return null;
        }
        var clock = Stopwatch.StartNew();
        var built = writer.BuildGraph(log, cancellation);
        return new GraphReport(built.Images, built.Recall, Math.Round(clock.Elapsed.TotalSeconds, 3));
    }

    /// <summary>What is looked through: what is named, else what the index was made of.</summary>
    private static IReadOnlyList<string> Patterns(IndexConfig config, IndexManifest? before, string folder)
    {
        if (config.Data.Length > 0)
        {
            return [ShardPattern.FullPath(config.Data)];
        }
        return before is { Sources.Count: > 0 }
            ? [.. before.Sources.Select(source => source.Pattern)]
            : throw new ConfigException(
                $"There is no index in {folder} yet, and no images are named: give a folder, as in `llm2clip index photos --model "
                + $"runs/first --out {folder}` (index.data).");
    }

    /// <summary>Opens data, and names it as the user did: the full path may be long.</summary>
    private static ISampleSource Opened(string pattern, RunConfig run, IRunLog log)
    {
        var source = Datasets.OpenImages(pattern, run.Data.Of(pattern), SilentLog.Instance);
        log.Info($"Data: {(run.Index.Data.Length > 0 ? run.Index.Data : pattern)}");
        return source;
    }

    /// <summary>
    /// The teacher that is named, which must be the student's; else the one that the index has, or that is found beside the student.
    /// </summary>
    private static string Teacher(RunConfig run, Student student, string model, IndexManifest? before, IRunLog log)
    {
        if (run.Teacher.Tuned.Length > 0)
        {
            using var files = TeacherFiles.Open(run.Teacher.Tuned, run.TunedTeacher());
            EvalRetrieval.RequireSameTeacher(student, files.Fingerprint, model, run.Teacher.Tuned);
            return Path.GetFullPath(run.Teacher.Tuned);
        }
        var known = before?.Model.Teacher ?? "";
        var found = known.Length > 0 && Path.Exists(known) ? known : StudentTeacher.Find(model, student.TeacherFingerprint);
        if (found.Length == 0)
        {
            log.Warn($"The teacher of {model} was not found beside it. Searching by text needs it: name it with --teacher, here or in "
                + "`llm2clip search`.");
        }
        return found;
    }
}
