using Llm2Clip.Configuration;
using Llm2Clip.Data;
using Llm2Clip.Files;
using Llm2Clip.Teachers;
using Llm2Clip.Training.Stage1;
using Llm2Clip.Training.Stage1.Tuning;

namespace Llm2Clip.Pipeline;

/// <summary>The <c>cc-finetune</c> command: checks what a run file asks for, opens it, and trains.</summary>
public static class CcFinetune
{
    /// <summary>
    /// Trains the LoRA, where one is asked for, and the adapter of <paramref name="run"/>, and writes the teacher folder, resuming where
    /// that holds a checkpoint. Languages, pairs, texts and the raw store are checked before the LLM is loaded. Throws as
    /// <see cref="CcTrainer.Run"/>, and <see cref="ConfigException"/> where another process writes the folder.
    /// </summary>
    public static CcFinetuneResult Run(RunConfig run, IRunLog log, CancellationToken cancellation)
    {
        Needs.OfCcFinetune(run);
        var chooses = run.Teacher.Layers == TeacherLayers.Auto;
        using var opened = TeacherFiles.Open(run.Teacher.Path, chooses ? run.Teacher with { Layers = null } : run.Teacher);
        var named = run.CcFinetune with { Output = run.TeacherOutput(), RawStore = run.RawStore() };
        if (!chooses && named.Lora is null)
        {
            RunTeacher.RequireRawStoreOf(opened, named.RawStore); // before the data is read; a choice comes after that
        }
        var (config, data) = new CcFinetuneChecks(named, run.Data, log, cancellation).Check();
        using var writer = FolderLock.Take(config.Output);
        using var chosen = chooses ? opened.At(new LayerChoice(config, data, log, cancellation).Of(opened)) : null;
        var (llm, lora) = Tune(config, data, chosen ?? opened, log, cancellation);
        using (llm)
        {
            if (lora is not null && run.CcFinetune.RawStore.Length == 0)
            {
                // A LoRA that is trained further has other vectors.
                config = config with { RawStore = $"{config.RawStore}-{Fingerprints.Short(llm.Model.Lora!.Sha256)}" };
            }
            RunTeacher.RequireRawStoreOf(llm, config.RawStore);
            using var teacher = llm.Load(log);
            using var metrics = new ResumableMetrics(config.Output);
            return CcTrainer.Run(config, data, teacher, metrics, log, cancellation, lora);
        }
    }

    /// <summary>The LLM that the adapter is trained over: as it is, or with a LoRA that is trained now.</summary>
    private static (TeacherFiles Llm, LoraResult? Lora) Tune(
        CcFinetuneConfig config, DataConfig data, TeacherFiles files, IRunLog log, CancellationToken cancellation)
    {
        if (config.Lora is null)
        {
            return (files, null);
        }
        using var metrics = new ResumableMetrics(LoraOutput.FolderOf(config.Output));
        var (result, lora) = LoraTuner.Run(config, data, files, metrics, log, cancellation);
        return (files.With(lora), result);
    }
}
