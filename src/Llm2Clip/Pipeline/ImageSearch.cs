using System.Diagnostics;
using System.Globalization;
using Llm2Clip.Configuration;
using Llm2Clip.Files;
using Llm2Clip.Layers;
using Llm2Clip.Models;
using Llm2Clip.Reporting;
using Llm2Clip.Search;
using Llm2Clip.Teachers;

namespace Llm2Clip.Pipeline;

/// <summary>The <c>search</c> command: images of an index by a sentence in any language, by an image, or by several of them.</summary>
public static class ImageSearch
{
    /// <summary>
    /// Searches, and writes the page where one is asked for. Throws <see cref="ConfigException"/> for a query without content,
    /// <see cref="InputException"/> where index, student and teacher cannot be read or do not belong together.
    /// </summary>
    public static SearchReport Run(RunConfig run, IRunLog log, CancellationToken cancellation)
    {
        var config = Checked.Require(run.Search, "search");
        _ = QueryTerm.Of(config); // Before anything is opened.
        using var searcher = Open(run, log, out var opened);
        var report = searcher.Search(config, cancellation);
        report = report with { Seconds = report.Seconds with { Index = opened.Index, Student = opened.Student } };
        var times = report.Seconds;
        log.Info(string.Create(
            CultureInfo.InvariantCulture,
            $"Ready in {times.Index + times.Student + times.Teacher:0.0} s: index {times.Index:0.00}, student {times.Student:0.0}, teacher "
            + $"{times.Teacher:0.0}."));
        log.Info(string.Create(
            CultureInfo.InvariantCulture,
            $"Query {times.Query * 1000:0} ms, search of {report.Images:N0} images {times.Search * 1000:0} ms."));
        var page = config.Html.Length > 0 ? config.Html
            : config.Open ? Path.Combine(Path.GetTempPath(), $"llm2clip-search-{Guid.NewGuid():n}.html")
            : "";
        if (page.Length > 0)
        {
            DurableFolder.Create(Path.GetDirectoryName(Path.GetFullPath(page))!);
            SearchPage.Of(report).Write(page);
        }
        return report with { Page = page };
    }

    /// <summary>
    /// Opens the index of a run file, the student that made it, and, when the first sentence comes, the teacher. Throws
    /// <see cref="InputException"/> where they cannot be read or do not belong together.
    /// </summary>
    public static ImageSearcher Open(RunConfig run, IRunLog log) => Open(run, log, out _);

    /// <summary>The same in two parts, for a server that searches by one while the other is in use.</summary>
    internal static (IndexSearch Search, QueryEncoder Encoder) OpenParts(
        RunConfig run, IRunLog log, out (double Index, double Student) seconds)
    {
        var clock = Stopwatch.StartNew();
        var index = ImageIndex.Open(run.SearchedIndex());
        Student? student = null;
        try
        {
            seconds.Index = clock.Elapsed.TotalSeconds;
            var model = run.Eval.Model.Length > 0 ? run.Eval.Model : index.Model.Model;
            clock.Restart();
            student = Student.Load(model, ComputeDevice.Resolve(run.Search.Device).Device);
            ImageIndex.RequireStudent(index.Folder, index.Model, StudentFingerprint.Of(student), model);
            seconds.Student = clock.Elapsed.TotalSeconds;
            var (trained, made) = (student, (index.Folder, index.Model));
            return (new IndexSearch(index), new QueryEncoder(student, () => OpenTeacher(run, trained, made, model, log)));
        }
        catch
        {
            student?.Dispose();
            index.Dispose();
            throw;
        }
    }

    private static ImageSearcher Open(RunConfig run, IRunLog log, out (double Index, double Student) seconds)
    {
        var (search, encoder) = OpenParts(run, log, out seconds);
        return new ImageSearcher(search, encoder);
    }

    /// <summary>The teacher that is named, else the one that the index names, else the one beside the student.</summary>
    private static Teacher OpenTeacher(
        RunConfig run, Student student, (string Folder, IndexModel Model) index, string model, IRunLog log)
    {
        var path = run.Teacher.Tuned.Length > 0 ? run.Teacher.Tuned : index.Model.Teacher;
        if (path.Length == 0 || (run.Teacher.Tuned.Length == 0 && !Path.Exists(path)))
        {
            var found = StudentTeacher.Find(model, student.TeacherFingerprint);
            path = found.Length > 0 ? found : throw new InputException(
                (path.Length > 0 ? $"The teacher of the index, {path}, is not there any more" : $"{index.Folder} names no teacher")
                + $", and none was found beside {model}: searching by text needs it. Name the teacher folder (--teacher), or search by an "
                + "image (--image).");
        }
        using var files = TeacherFiles.Open(path, run.Teacher with { Tuned = "", Path = path });
        EvalRetrieval.RequireSameTeacher(student, files.Fingerprint, model, path);
        return files.Load(SilentLog.Instance); // What it decides was said when it was made.
    }
}
