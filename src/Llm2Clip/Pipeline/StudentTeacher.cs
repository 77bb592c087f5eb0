using Llm2Clip.Configuration;
using Llm2Clip.Models;
using Llm2Clip.Teachers;

namespace Llm2Clip.Pipeline;

/// <summary>The teacher that a student was trained with, where nobody names it.</summary>
internal static class StudentTeacher
{
    /// <summary>
    /// A full path: of the teacher in the folder of the student's run, or of the one that its run file names; empty where none of them has
    /// the fingerprint that the student states.
    /// </summary>
    public static string Find(string model, string fingerprint)
    {
        var training = StudentFolder.Find(model).Training;
        foreach (var place in new[] { InRun(training), OfRunFile(training) }.Where(place => place.Length > 0 && Path.Exists(place)))
        {
            try
            {
                using var files = TeacherFiles.Open(place);
                if (files.Fingerprint == fingerprint)
                {
                    return Path.GetFullPath(place);
                }
            }
            catch (UserException)
            {
                // Not this one, or damaged: whoever needs it is told to name one.
            }
        }
        return "";
    }

    private static string InRun(string training) =>
        Path.GetDirectoryName(Path.GetFullPath(training)) is { } run && TeacherFolder.Find(run) is var found
            && TeacherFolder.IsTeacher(found)
            ? found
            : "";

    private static string OfRunFile(string training)
    {
        var file = Path.Combine(training, "config.yaml");
        try
        {
            return File.Exists(file) ? ConfigBinder.Load<RunConfig>(file).TunedTeacher().Path : "";
        }
        catch (UserException)
        {
            return "";
        }
    }
}
