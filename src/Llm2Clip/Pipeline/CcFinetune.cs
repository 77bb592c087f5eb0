using Llm2Clip.Configuration;
using Llm2Clip.Files;
using Llm2Clip.Teachers;
using Llm2Clip.Training.Stage1;

namespace Llm2Clip.Pipeline;

/// <summary>The <c>cc-finetune</c> command: opens what a run file asks for, and trains.</summary>
public static class CcFinetune
{
    /// <summary>
    /// Trains the adapter of <paramref name="run"/> and writes the teacher folder, resuming where <c>cc_finetune.output</c> holds a
    /// checkpoint. Throws as <see cref="CcTrainer.Run"/>, and <see cref="ConfigException"/> where another process writes the folder.
    /// </summary>
    public static CcFinetuneResult Run(RunConfig run, IRunLog log, CancellationToken cancellation)
    {
        Needs.OfCcFinetune(run);
        var output = run.CcFinetune.Output;
        using var teacher = Teacher.Open(run.Teacher.Path, run.Teacher, log);
        using var writer = FolderLock.Take(output);
        using var metrics = new ResumableMetrics(output);
        return CcTrainer.Run(run.CcFinetune, run.Data, teacher, metrics, log, cancellation);
    }
}
