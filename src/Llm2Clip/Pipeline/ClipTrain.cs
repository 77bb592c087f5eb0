using Llm2Clip.Configuration;
using Llm2Clip.Data;
using Llm2Clip.Data.Loading;
using Llm2Clip.Evaluation;
using Llm2Clip.Files;
using Llm2Clip.Layers;
using Llm2Clip.Models;
using Llm2Clip.Teachers;
using Llm2Clip.Teachers.Store;
using Llm2Clip.Training.Checkpoints;
using Llm2Clip.Training.Stage2;

namespace Llm2Clip.Pipeline;

/// <summary>The <c>clip-train</c> command: opens what a run file asks for, and trains.</summary>
public static class ClipTrain
{
    /// <summary>
    /// Trains the student of <paramref name="run"/>, resuming where its folder holds a checkpoint. The effective
    /// configuration and the metrics go into that folder too. Store, languages and batch size are checked against the data before anything
    /// is built.
    /// </summary>
    /// <exception cref="InputException">The store is missing or another teacher's, or lacks captions of the data.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; a checkpoint was saved.</exception>
    public static ClipTrainResult Run(RunConfig run, IRunLog log, CancellationToken cancellation)
    {
        Needs.OfClipTrain(run);
        var output = run.StudentOutput();
        using var store = Store(run, log);
        var data = StudentData.Open(run, store, log, cancellation);
        var config = data.Config;
        var device = ComputeDevice.Resolve(config.Device);
        log.Info($"Device: {device.Device} ({device.Reason}).");
        using var student = NewStudent(run, store, device, log, cancellation);
        var sampler = config.CreateSampler();
        student.Precision = config.Precision;
        var watch = WatchedRetention.Of(run, student, store, log, cancellation);
        using var original = Original(run, store, device, student.Precision, cancellation);
        using var writer = FolderLock.Take(output);
        var frozen = config.UnlockedBlocks == 0;
        using var batches = Batches(run, data, student, sampler, log, cancellation);
        var held = LoaderConfig.ForEvaluation(run.Data, student.Transform, run.Eval.BatchSize);
        using var heldFeatures = frozen && data.Val is { } val ? new PooledFeatures(student, val, held, run.FeatureCache()) : null;
        heldFeatures?.Fill(views: 1, keep: null, log, cancellation);
        using var metrics = new ResumableMetrics(
            output, () => PendingFile.Write(Path.Combine(output, "config.yaml"), ConfigBinder.Print(run)));
        return ClipTrainer.Run(
            new ClipTrainInputs
            {
                Student = student,
                Config = config,
                Batches = batches,
                Vectors = store,
                Sampler = sampler,
                TextPool = data.TextPool,
                Original = original,
                Watch = watch,
                Output = output,
                Evaluator = data.Val is null
                    ? null
                    : new StudentEvaluator(data.Val, held, data.ValLanguages, store, run.Extract.Kinds, heldFeatures),
                Identity = Identity(run),
                Log = log,
                Metrics = metrics,
            },
            cancellation);
    }

    /// <summary>
    /// A second student as the run started with it, for the retention term; null without. A checkpoint's weights are loaded after the first
    /// was made, so that a resumed run compares with the same.
    /// </summary>
    private static OriginalEncoder? Original(
        RunConfig run, EmbeddingStore store, ComputeDevice device, Precision precision, CancellationToken cancellation)
    {
        if (run.ClipTrain.Retention.Weight == 0)
        {
            return null;
        }
        var isTrained = run.ClipTrain.Init.Length > 0;
        if (!isTrained && run.Model.Init.Length == 0)
        {
            throw new ConfigException(
                "clip_train.retention.weight is above 0, but the image encoder is new and has nothing to retain: name a trained one as "
                + "model.init or clip_train.init, or set the weight to 0.");
        }
        var student = NewStudent(run, store, device, SilentLog.Instance, cancellation);
        student.Precision = precision;
        return new OriginalEncoder(student, isTrained);
    }

    /// <summary>Training images; of a frozen encoder what it gives for them, which is computed here where it is missing.</summary>
    private static ITrainingBatches Batches(
        RunConfig run, StudentData data, Student student, CaptionSampler sampler, IRunLog log, CancellationToken cancellation)
    {
        var config = data.Config;
        var loader = LoaderConfig.ForTraining(run.Data, student.Transform, config.BatchSize, config.Seed);
        if (config.UnlockedBlocks != 0)
        {
            return new SampleLoader(data.Train, loader, log, sampler.Accepts, config.EpochSamples ?? 0);
        }
        var views = loader with { Seed = config.ViewSeed ?? config.Seed };
        var features = data.Train
            .Select(set => new PooledFeatures(student, set.Source, views with { Data = set.Data }, run.FeatureCache())).ToList();
        try
        {
            features.ForEach(set => set.Fill(config.Views, sampler.Accepts, log, cancellation));
            return new FrozenBatches(features, data.Train, loader, config.Views, sampler.Accepts, log, config.EpochSamples ?? 0);
        }
        catch
        {
            features.ForEach(set => set.Dispose());
            throw;
        }
    }

    /// <summary>Writes the student that the training of <paramref name="run"/> starts from into a folder of its own.</summary>
    internal static void WriteUntrained(RunConfig run, string folder, IRunLog log, CancellationToken cancellation)
    {
        using var store = Store(run, log);
        using var student = NewStudent(run, store, ComputeDevice.Resolve(run.ClipTrain.Device), log, cancellation);
        student.TeacherFingerprint = store.Fingerprint;
        student.Save(folder);
    }

    /// <summary>
    /// The store of the run's teacher. A store that is named while no teacher is counts as it is; its fingerprint goes into the student.
    /// </summary>
    private static EmbeddingStore Store(RunConfig run, IRunLog log)
    {
        var folder = run.VectorStore();
        var namesTeacher = run.Teacher.Tuned.Length > 0 || run.CcFinetune.Output.Length > 0 || run.Teacher.Path.Length > 0;
        if (!namesTeacher && (run.Extract.Store.Length > 0 || run.TunedTeacher().Path.Length == 0))
        {
            return EmbeddingStore.Open(folder);
        }
        using var teacher = RunTeacher.Open(run, log);
        return EmbeddingStore.Open(folder, teacher.Fingerprint, teacher.Describe());
    }

    /// <summary>
    /// The student that training starts from: with <c>clip_train.init</c> one that was trained before, else the one that the model section
    /// describes.
    /// </summary>
    private static Student NewStudent(
        RunConfig run, EmbeddingStore store, ComputeDevice device, IRunLog log, CancellationToken cancellation)
    {
        var config = run.ClipTrain;
        if (config.UnlockedBlocks == 0 && run.Model.Lora.Rank > 0)
        {
            throw new ConfigException(
                "model.lora.rank is set, but clip_train.unlocked_blocks is 0, which freezes the image encoder; leave out one of the two.");
        }
        if (config.Init.Length == 0)
        {
            return Student.Create(run.Model, store.Dimension, config.LogitScaleStart, (ulong)config.Seed, device.Device, log, cancellation);
        }
        if (run.Model.Init.Length > 0 || run.Model.Preset.Length > 0 || run.Model.Lora.Rank > 0)
        {
            throw new ConfigException(
                $"clip_train.init names {config.Init}, which brings its own image encoder and text adapter; leave out model.init, "
                + "model.preset and model.lora, or clip_train.init.");
        }
        var student = Student.Load(config.Init, device.Device);
        try
        {
            RequireFit(student, store, run, log);
            if (config.ScaleStart is not null)
            {
                student.SetLogitScale(config.LogitScaleStart);
            }
            return student;
        }
        catch
        {
            student.Dispose();
            throw;
        }
    }

    private static void RequireFit(Student student, EmbeddingStore store, RunConfig run, IRunLog log)
    {
        var init = run.ClipTrain.Init;
        if (student.TextAdapter.Config.InputDim != store.Dimension)
        {
            throw new InputException(
                $"clip_train.init, {init}, takes teacher vectors of {student.TextAdapter.Config.InputDim} elements, those of "
                + $"{store.Folder} have {store.Dimension}. Name a student of this teacher, or start from its image encoder alone: "
                + "model.init.");
        }
        var teacher = student.TeacherFingerprint.Length > 0 && student.TeacherFingerprint != store.Fingerprint
            ? $" It was trained with another teacher, {Fingerprints.Short(student.TeacherFingerprint)}; this one is "
                + $"{Fingerprints.Short(store.Fingerprint)}."
            : "";
        log.Info($"Training starts from the student {init}: image encoder, text adapter and scale.{teacher}");
    }

    /// <summary>What beside the training section a resumed run must share with the one that it resumes.</summary>
    private static Dictionary<string, string> Identity(RunConfig run) =>
        RunIdentity.Section("model", run.Model).Concat(RunIdentity.OfTrainingImages(run.Data)).ToDictionary();
}
