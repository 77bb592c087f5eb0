using System.Globalization;
using Llm2Clip.Data;
using Llm2Clip.Randomness;
using Llm2Clip.Teachers;
using Llm2Clip.Training.Checkpoints;

namespace Llm2Clip.Training.Stage1.Tuning;

/// <summary>What the training of LoRA did, as it is written to JSON.</summary>
public sealed record LoraResult
{
    /// <summary>Elements that were trained.</summary>
    public required long Trained { get; init; }

    /// <summary>Elements of the LLM that stayed as they were.</summary>
    public required long Frozen { get; init; }

    /// <summary>Optimizer steps.</summary>
    public required long Steps { get; init; }

    /// <summary>Steps after which the kept weights were trained.</summary>
    public required long KeptStep { get; init; }

    /// <summary>How the kept weights were chosen.</summary>
    public required string Selection { get; init; }

    /// <summary>Training loss of the last step; null where none was made.</summary>
    public required double? FinalLoss { get; init; }

    /// <summary>Wall clock of the training with its evaluations.</summary>
    public required double TrainSeconds { get; init; }

    /// <summary>Evaluations before, during and after the training, in order.</summary>
    public required IReadOnlyList<LoraEvaluation> History { get; init; }
}

/// <summary>
/// Caption-contrastive training of low-rank changes inside the LLM (stage 1, facts A4 and A5). A stopped training resumes from its
/// checkpoint, which stays, so that a run can be given more epochs.
/// </summary>
internal static class LoraTuner
{
    /// <summary>Captions on which libllama is compared with the tensors at the end.</summary>
    private const int ComparedCaptions = 16;

    /// <summary>
    /// Trains until the budget is spent and writes the kept weights. Throws <see cref="RunException"/> for a loss that is not finite.
    /// </summary>
    /// <param name="config">The section; its <see cref="CcFinetuneConfig.Lora"/> is set, and its output named.</param>
    /// <param name="data">The data section.</param>
    /// <param name="base">The LLM and how it is read.</param>
    /// <param name="metrics">Takes the numbers, by step.</param>
    /// <param name="log">Tells the user.</param>
    /// <param name="cancellation">Stops after the current step, with a checkpoint.</param>
    public static (LoraResult Result, TeacherLora Lora) Run(
        CcFinetuneConfig config, DataConfig data, TeacherFiles @base, IMetricsSink metrics, IRunLog log, CancellationToken cancellation)
    {
        var lora = config.Lora!;
        TunedLlm.ReadPlace(@base.Settings); // before the data is read
        var reader = new TuningDataReader(config, data, log, cancellation);
        var captions = reader.Read();
        config = config with { Languages = captions.Languages };
        using var llm = new TunedLlm(@base.Model, @base.Settings, lora, config.Device, SeededRandom.Mix(config.Seed, 5), log);
        if (lora.Objective != TuningObjective.MaskedTokens)
        {
            reader.CheckLengths(captions, llm.Tokenizer(lora.Instruction), lora);
        }
        var source = new TuningSources(config, data, captions, llm, cancellation).Build();
        using var step = new LoraStep(lora, llm, config.Seed);
        var evaluator = new LoraEvaluator(config, data, captions, llm, metrics);
        var output = new LoraOutput(config.Output, @base, llm);
        using var task = new LoraTask(
            config, Path.Combine(LoraOutput.FolderOf(config.Output), TeacherFolder.CheckpointName), source, step, evaluator.Evaluate,
            Identity(config, data, @base, captions))
        {
            SaveTeacher = output.Describe,
        };
        var state = Trainer.Run(task, log, metrics, ready: null, cancellation).State;
        var kept = task.Finish(state);
        var written = output.Save(log);
        output.Compare(
            written, [.. captions.Sample(captions.Languages[0], ComparedCaptions).Select(caption => caption.Text)], log, cancellation);
        var result = new LoraResult
        {
            Trained = llm.Trained,
            Frozen = llm.Frozen,
            Steps = state.Step,
            KeptStep = kept,
            Selection = evaluator.Selection,
            FinalLoss = state.LastLoss,
            TrainSeconds = state.Seconds,
            History = task.History,
        };
        return (result, written);
    }

    /// <summary>What a resumed run must share with the one that it continues.</summary>
    private static IReadOnlyDictionary<string, string> Identity(
        CcFinetuneConfig config, DataConfig data, TeacherFiles @base, TuningData captions)
    {
        var section = RunIdentity.Section("cc_finetune", config);
        string[] shared = ["languages", "kinds", "extra_text", "seed", "selection", "held_out_images", "patience"];
        return RunIdentity.Of(
            "cc_finetune", new { config.Lora },
            [
                .. shared.Select(key => KeyValuePair.Create($"cc_finetune.{key}", section[$"cc_finetune.{key}"])),
                .. RunIdentity.OfTrainingData(data),
                KeyValuePair.Create("data.val", data.Val),
                KeyValuePair.Create("LLM fingerprint", @base.RawFingerprint),
                KeyValuePair.Create(
                    "captions",
                    string.Create(CultureInfo.InvariantCulture, $"{captions.Images.Captions} of {captions.Images.Count} images")),
            ]);
    }
}
