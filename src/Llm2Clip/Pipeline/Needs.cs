using Llm2Clip.Configuration;
using Llm2Clip.Teachers;
using Llm2Clip.Teachers.Store;

namespace Llm2Clip.Pipeline;

/// <summary>
/// What a command needs before it opens anything: all keys without which it cannot work, named at once
/// (<see cref="ConfigException"/>), and what an earlier command makes (<see cref="InputException"/>, with that command's name).
/// </summary>
internal static class Needs
{
    private const string TeacherText = "the teacher folder or GGUF";

    public static void OfCcFinetune(RunConfig run) => ConfigBinder.Require(
        (run.Teacher.Path, "teacher.path", "the LLM, a GGUF file"),
        (run.Data.TrainName, "data.train", "the images and captions"));

    public static void OfExtract(RunConfig run)
    {
        ConfigBinder.Require(
            (run.TunedTeacher().Path, "teacher.tuned", TeacherText),
            (string.Concat(run.ExtractedData()), "data.train", "the data whose captions are embedded"));
        RequireTeacher(run);
    }

    public static void OfClipTrain(RunConfig run)
    {
        ConfigBinder.Require((run.Data.TrainName, "data.train", "the images and captions"));
        RequireTeacher(run);
        if (!EmbeddingStore.Exists(run.VectorStore()))
        {
            throw Missing($"no embedding store in {run.VectorStore()}", "extract.store", "extract");
        }
    }

    public static void OfEvalRetrieval(RunConfig run)
    {
        ConfigBinder.Require(
            (run.TunedTeacher().Path, "teacher.tuned", "the teacher that the student was trained with"),
            (run.EvaluationData(), "data.val", "the images to search"));
        RequireTeacher(run);
        RequireStudent(run);
    }

    public static void OfZeroShot(RunConfig run)
    {
        ConfigBinder.Require(
            (run.TunedTeacher().Path, "teacher.tuned", "the teacher that the student was trained with"),
            (run.EvalZeroshot.Classes, "eval_zeroshot.classes", "the file of classes"),
            (run.EvalZeroshot.Data, "eval_zeroshot.data", "the labeled images"));
        RequireTeacher(run);
        RequireStudent(run);
    }

    public static void OfLinearProbe(RunConfig run)
    {
        ConfigBinder.Require(
            (run.EvalLinearProbe.Train, "eval_linear_probe.train", "the labeled images to fit on"),
            (run.EvalLinearProbe.Data, "eval_linear_probe.data", "the labeled images to score"));
        RequireStudent(run);
    }

    public static void OfEvalCaptions(RunConfig run)
    {
        ConfigBinder.Require(
            (run.TunedTeacher().Path, "teacher.tuned", TeacherText),
            (run.ProbedData(), "data.val", "the captions to probe"));
        RequireTeacher(run);
    }

    public static void OfExport(RunConfig run)
    {
        ConfigBinder.Require(
            (run.TunedTeacher().Path, "teacher.tuned", TeacherText),
            (run.Export.To, "export.to", "what is written"));
        RequireTeacher(run);
    }

    /// <summary>A teacher folder that cc-finetune has still to write. What else is wrong with it shows when it is opened.</summary>
    private static void RequireTeacher(RunConfig run)
    {
        var path = run.TunedTeacher().Path;
        var isFile = path != run.CcFinetune.Output && Path.GetExtension(path).Equals(".gguf", StringComparison.OrdinalIgnoreCase);
        if (path.Length > 0 && !isFile && !File.Exists(path)
            && !(Directory.Exists(path) && TeacherFolder.IsTeacher(TeacherFolder.Find(path))))
        {
            throw Missing($"no teacher in {path}", "teacher.tuned", "cc-finetune");
        }
    }

    private static void RequireStudent(RunConfig run)
    {
        if (!Directory.Exists(run.NamedStudent()))
        {
            throw Missing($"no student in {run.NamedStudent()}", "eval.model", "clip-train");
        }
    }

    private static InputException Missing(string what, string key, string command) => new(
        $"There is {what} yet: run `llm2clip {command}` first, with the same run file, or let {key} name another place.");
}
