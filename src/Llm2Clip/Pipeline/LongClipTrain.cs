using Llm2Clip.Configuration;
using Llm2Clip.Data.Loading;
using Llm2Clip.Evaluation;
using Llm2Clip.Files;
using Llm2Clip.Layers;
using Llm2Clip.Models.Clip;
using Llm2Clip.Training.Checkpoints;
using Llm2Clip.Training.LongClip;

namespace Llm2Clip.Pipeline;

/// <summary>The <c>longclip train</c> command: opens what a run file asks for, and trains a whole CLIP.</summary>
public static class LongClipTrain
{
    /// <summary>
    /// Trains the CLIP of <paramref name="run"/>, resuming where its folder holds a checkpoint. The effective configuration and the metrics
    /// go into that folder too. Captions and batch size are checked against the data before anything is built.
    /// </summary>
    /// <exception cref="ConfigException">A key is missing, or the settings do not fit model or data.</exception>
    /// <exception cref="InputException">The model is damaged, or the data lacks long or short captions.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; a checkpoint was saved.</exception>
    public static LongClipResult Run(RunConfig run, IRunLog log, CancellationToken cancellation)
    {
        ConfigBinder.Require((run.Data.TrainName, "data.train", "the images and captions"));
        Checked.Require(run.Longclip, "longclip");
        LongClipStart.RequireNamed(run);
        var output = run.LongClipOutput();
        var data = LongClipData.Open(run, log, cancellation);
        var config = data.Config;
        var device = ComputeDevice.Resolve(config.Device);
        log.Info($"Device: {device.Device} ({device.Reason}).");
        using var model = LongClipStart.Of(run, device.Device, log, cancellation);
        data.RequireFit(model, cancellation);
        using var writer = FolderLock.Take(output);
        using var batches = new SampleLoader(
            data.Train, LoaderConfig.ForTraining(run.Data, model.Transform, config.BatchSize, config.Seed), log,
            sample => data.Captions.Accepts(sample.Captions), config.EpochSamples ?? 0);
        using var metrics = new ResumableMetrics(
            output, () => PendingFile.Write(Path.Combine(output, "config.yaml"), ConfigBinder.Print(run)));
        return LongClipTrainer.Run(
            new LongClipInputs
            {
                Model = model,
                Config = config,
                Batches = batches,
                Captions = data.Captions,
                Output = output,
                Evaluator = Evaluator(run, data, model),
                Identity = Identity(run),
                Log = log,
                Metrics = metrics,
            },
            cancellation);
    }

    private static ClipEvaluator? Evaluator(RunConfig run, LongClipData data, ClipModel model)
    {
        if (data.Val is null)
        {
            return null;
        }
        CaptionSet[] sets = data.Config.ShortWeight > 0
            ? [new("long", data.Captions.Long), new("short", data.Captions.Short)]
            : [new("captions", data.Captions.Long)];
        return new ClipEvaluator(data.Val, LoaderConfig.ForEvaluation(run.Data, model.Transform, run.Eval.BatchSize), sets);
    }

    /// <summary>What beside the training section a resumed run must share with the one that it resumes.</summary>
    private static Dictionary<string, string> Identity(RunConfig run) =>
        RunIdentity.OfTrainingImages(run.Data)
            .Concat(run.Longclip.Model.Length == 0 ? RunIdentity.Section("model", run.Model) : new Dictionary<string, string>())
            .ToDictionary();
}
