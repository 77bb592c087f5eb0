using System.Globalization;
using Llm2Clip.Data;
using Llm2Clip.Diagnostics;
using Llm2Clip.Evaluation;
using Llm2Clip.Layers;
using Llm2Clip.Teachers;
using Llm2Clip.Vision;

namespace Llm2Clip.Training;

/// <summary>Stage 2 from its configuration: opens data, store and student, and runs the trainer.</summary>
public static class ClipTraining
{
    /// <summary>
    /// Trains the student, or goes on from the output folder's last checkpoint.
    /// </summary>
    /// <param name="config">The clip_train section.</param>
    /// <param name="model">The model section.</param>
    /// <param name="data">The data section: <c>train</c>, and <c>val</c> where the run evaluates.</param>
    /// <param name="store">Folder of the embedding store with the teacher's vectors of all captions that are used.</param>
    /// <param name="log">Tells the user.</param>
    /// <param name="ct">Stops with a checkpoint.</param>
    public static ClipTrainResult Run(
        ClipTrainConfig config, StudentConfig model, DataConfig data, string store, IRunLog log, CancellationToken ct = default)
    {
        Require(config.Output, "clip_train.output", "the folder for checkpoints and the model");
        Require(store, "extract.store", "the embedding store that `llm2clip extract` made");
        var device = ComputeDevice.Resolve(config.Device);
        log.Info($"Device {device.Device} ({device.Reason}).");

        using var opened = EmbeddingStore.Open(store);
        var vectors = new StoreCaptionVectors(opened);
        using var student = StudentModel.Create(model, vectors.Dimension, Math.Log(config.ScaleStart), (ulong)config.Seed, device.Device);
        student.Precision = config.Precision;
        using var loader = new SampleLoader(
            SampleSources.OpenTrain(data, log), LoaderConfig.ForTraining(data, student.Transform, config.BatchSize, config.Seed), log,
            ClipTrainStep.SamplerOf(config).Accepts);
        Directory.CreateDirectory(config.Output);
        MetricsLog.DropAfter(config.Output, ClipTrainer.StepToResume(config.Output));
        using var metrics = new MetricsLog(config.Output);
        return ClipTrainer.Run(
            new ClipTrainInputs
            {
                Student = student,
                Config = config,
                Batches = new LoaderBatches(loader),
                Vectors = vectors,
                Output = config.Output,
                Evaluator = Evaluator(config, data, student, vectors, log),
                Identity = Identity(model, data),
                Log = log,
                Metrics = metrics,
            },
            ct);
    }

    private static StudentEvaluator? Evaluator(ClipTrainConfig config, DataConfig data, StudentModel student, ICaptionVectors vectors, IRunLog log)
    {
        if (config.EvalEvery == 0)
        {
            return null;
        }
        var languages = config.Captions.Select(choice => choice.Language).Where(language => language.Length > 0).Distinct().ToList();
        return new StudentEvaluator(
            SampleSources.OpenVal(data, log), LoaderConfig.ForEvaluation(data, student.Transform, config.BatchSize),
            languages.Count > 0 ? languages : [data.Language], vectors);
    }

    /// <summary>Settings outside the training section that change what is computed.</summary>
    private static IReadOnlyDictionary<string, string> Identity(StudentConfig model, DataConfig data)
    {
        var all = RunIdentity.Section("model", model).Where(pair => pair.Key != "model.vision").ToDictionary();
        foreach (var (key, value) in RunIdentity.Section("data.augment", data.Augment))
        {
            all.Add(key, value);
        }
        all.Add("data.train", data.Train);
        all.Add("data.image_cache_side", data.ImageCacheSide.ToString(CultureInfo.InvariantCulture));
        return all;
    }

    private static void Require(string value, string key, string what)
    {
        if (value.Length == 0)
        {
            throw new ConfigException($"{key} is empty: name {what} in the run file (--config) or with --set {key}=....");
        }
    }
}
