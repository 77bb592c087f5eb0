using Llm2Clip.Configuration;
using Llm2Clip.Files;
using Llm2Clip.Teachers;
using Llm2Clip.Training.Stage1;

namespace Llm2Clip.Pipeline;

/// <summary>The <c>cc-finetune</c> command: checks what a run file asks for, opens it, and trains.</summary>
public static class CcFinetune
{
    /// <summary>
    /// Trains the adapter of <paramref name="run"/> and writes the teacher folder, resuming where that holds a checkpoint. Languages,
    /// pairs, texts and the raw store are checked before the LLM is loaded. Throws as <see cref="CcTrainer.Run"/>, and
    /// <see cref="ConfigException"/> where another process writes the folder.
    /// </summary>
    public static CcFinetuneResult Run(RunConfig run, IRunLog log, CancellationToken cancellation)
    {
        Needs.OfCcFinetune(run);
        var chooses = run.Teacher.Layers == TeacherLayers.Auto;
        using var opened = TeacherFiles.Open(run.Teacher.Path, chooses ? run.Teacher with { Layers = null } : run.Teacher);
        var named = run.CcFinetune with { Output = run.TeacherOutput(), RawStore = run.RawStore() };
        if (!chooses)
        {
            RunTeacher.RequireRawStoreOf(opened, named.RawStore); // before the data is read; a choice comes after that
        }
        var (config, data) = new CcFinetuneChecks(named, run.Data, log, cancellation).Check();
        using var writer = FolderLock.Take(config.Output);
        using var chosen = chooses ? opened.At(new LayerChoice(config, data, log, cancellation).Of(opened)) : null;
        var files = chosen ?? opened;
        RunTeacher.RequireRawStoreOf(files, config.RawStore);
        using var teacher = files.Load(log);
        using var metrics = new ResumableMetrics(config.Output);
        return CcTrainer.Run(config, data, teacher, metrics, log, cancellation);
    }
}
