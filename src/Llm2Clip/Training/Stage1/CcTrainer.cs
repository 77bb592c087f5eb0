using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Llm2Clip.Data;
using Llm2Clip.Evaluation;
using Llm2Clip.Files;
using Llm2Clip.Layers;
using Llm2Clip.Randomness;
using Llm2Clip.Teachers;
using Llm2Clip.Teachers.Adapter;
using Llm2Clip.Teachers.Store;
using Llm2Clip.Training.Checkpoints;
using Llm2Clip.Training.Stage1.Tuning;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Training.Stage1;

/// <summary>
/// Caption-contrastive training of an adapter over the frozen LLM's pooled vectors (stage 1, facts A5): captions of one image come
/// together, those of others go apart. The LLM runs once per caption, into the raw store. A stopped training resumes from its checkpoint.
/// That stays when the teacher folder is written, so that a run can be given more epochs.
/// </summary>
internal static class CcTrainer
{
    /// <summary>Vectors that a half-whitened start is computed from.</summary>
    private const int WhiteningSample = 20_000;

    /// <summary>
    /// Reads captions, computes what raw vectors are missing, trains, writes the teacher folder. The teacher's own adapter, if it has one,
    /// plays no part. What was done to the LLM before, <paramref name="lora"/>, is part of the result. Throws <see cref="RunException"/>
    /// for a loss that is not finite; nothing is written then.
    /// </summary>
    public static CcFinetuneResult Run(
        CcFinetuneConfig config, DataConfig data, Teacher teacher, IMetricsSink metrics, IRunLog log,
        CancellationToken cancellation = default, LoraResult? lora = null)
    {
        if (config.Output.Length == 0)
        {
            throw new ConfigException(
                "cc_finetune.output is empty: name the teacher folder, for example --set cc_finetune.output=runs/teacher.");
        }
        if (config.Adapter.Kind == AdapterKind.None)
        {
            config = config with { Selection = CcSelection.Last }; // there is no epoch to choose, and no image is held out for it
        }
        var clock = Stopwatch.StartNew();
        var store = config.RawStore.Length > 0 ? config.RawStore : config.Output + "-raw";
        using var raw = new RawVectors(teacher.Encoder, store, config.RawDtype, log);
        var read = new CcDataReader(config, data, raw, log, cancellation).Read();
        config = config with { Languages = read.Languages };
        var before = read.Val?.RawRows(read.Means, seed: 0);

        var (adapter, trained) = config.Adapter.Kind == AdapterKind.None
            ? (CcAdapter.Create(config.Adapter, read.Means, 0, teacher.Settings.LayerList().Count), Centered(config, read))
            : Train(config, read, raw.Store, Identity(config, data, raw, read.Images), teacher, metrics, log, cancellation);
        using (adapter)
        {
            var fingerprint = new Teacher(teacher.Encoder, teacher.Settings, adapter).Fingerprint;
            var result = trained with
            {
                Fingerprint = fingerprint,
                Lora = lora,
                Seconds = clock.Elapsed.TotalSeconds,
                Probe = before is null
                    ? null
                    : new CaptionProbeResult(
                        CaptionProbe.Protocol, fingerprint, data.Val, read.Val!.Images,
                        [.. before, .. read.Val.AdapterRows(adapter, seed: 0)]),
            };
            Save(config.Output, store, teacher, adapter, result, log);
            return result;
        }
    }

    /// <summary>Trains an adapter; the caller disposes it.</summary>
    private static (CcAdapter Adapter, CcFinetuneResult Result) Train(
        CcFinetuneConfig config, CcData data, EmbeddingStore raw, IReadOnlyDictionary<string, string> identity, Teacher teacher,
        IMetricsSink metrics, IRunLog log, CancellationToken cancellation)
    {
        var device = ComputeDevice.Resolve(config.Device);
        log.Info($"Device: {device.Device} ({device.Reason}).");
        using var adapter = CcAdapter.Create(
            config.Adapter, data.Means, SeededRandom.Mix(config.Seed, 2), teacher.Settings.LayerList().Count);
        var batches = new CcBatches(data.Images, raw, data.Means, config.Adapter.Centering, config.BatchSize, config.Seed);
        if (config.Adapter.Start == AdapterStart.HalfWhitened)
        {
            using var scope = NewDisposeScope();
            HalfWhitening.Initialize(adapter.Module, batches.Vectors(Sample(data.Images, WhiteningSample), CPU));
        }
        adapter.Module.to(device.Device);
        using var step = new CcStep(config, adapter.Module, batches, device.Device);
        var evaluator = new CcEvaluator(config, data.Val, data.HeldOut, adapter, metrics);
        using var task = new CaptionTask(config, data.Images, batches, step, evaluator.Evaluate, identity)
        {
            SaveTeacher = folder => Write(folder, CaptionTask.CheckpointOf(config.Output), raw.Folder, teacher, adapter),
        };
        var state = Trainer.Run(task, log, metrics, ready: null, cancellation).State;
        var kept = task.Finish(state);
        var result = Centered(config, data) with
        {
            Steps = state.Step,
            KeptEpoch = kept,
            Selection = evaluator.Selection,
            FinalLoss = task.FinalLoss,
            TrainSeconds = state.Seconds,
            History = task.History,
        };
        return (adapter.Copy(), result); // the trained one's weights are views of the optimizer's buffers
    }

    /// <summary>The result before any step: the means are all that the teacher has.</summary>
    private static CcFinetuneResult Centered(CcFinetuneConfig config, CcData data) => new()
    {
        Output = config.Output,
        Fingerprint = "",
        Images = data.Images.Count,
        Captions = data.Images.Captions,
        MergedGroups = data.Images.Merged,
        SingleCaption = data.Images.Single,
        HeldOut = data.HeldOut?.Images ?? 0,
        Steps = 0,
        KeptEpoch = 0,
        Selection = "nothing is trained",
        FinalLoss = 0,
        TrainSeconds = 0,
        Seconds = 0,
        Probe = null,
        History = [],
    };

    /// <summary>What a resumed run must share with the one that it continues.</summary>
    private static IReadOnlyDictionary<string, string> Identity(
        CcFinetuneConfig config, DataConfig data, RawVectors raw, CcImages images) => RunIdentity.Of(
        "cc_finetune", config,
        [
            .. RunIdentity.OfTrainingData(data),
            KeyValuePair.Create("data.val", data.Val),
            KeyValuePair.Create("LLM fingerprint", raw.Fingerprint),
            KeyValuePair.Create("captions", string.Create(CultureInfo.InvariantCulture, $"{images.Captions} of {images.Count} images")),
        ]);

    private static int[] Sample(CcImages images, int most)
    {
        var stride = Math.Max(1, images.Captions / most);
        return [.. Enumerable.Range(0, images.Captions).Where(i => i % stride == 0)];
    }

    /// <summary>The adapter and <c>teacher.json</c>, as they are in the folder <paramref name="place"/> when all is written.</summary>
    private static void Write(string folder, string place, string rawStore, Teacher teacher, CcAdapter adapter)
    {
        adapter.Save(Path.Combine(folder, CcAdapter.FileName));
        TeacherFolder.Write(folder, teacher.Manifest(place) with
        {
            Adapter = CcAdapter.FileName,
            Dimension = adapter.Dimension,
            RawStore = Path.GetRelativePath(place, rawStore),
        });
    }

    /// <summary>Each file under a temporary name first; <c>teacher.json</c> last, which makes the folder a teacher.</summary>
    private static void Save(string output, string rawStore, Teacher teacher, CcAdapter adapter, CcFinetuneResult result, IRunLog log)
    {
        try
        {
            DurableFolder.Create(output);
            PendingFile.Write(Path.Combine(output, "cc-finetune.json"), JsonSerializer.Serialize(result, RecallJson.Options));
            Write(output, output, rawStore, teacher, adapter);
        }
        catch (IOException error)
        {
            throw new RunException(
                $"The teacher could not be written to {output}: {error.Message} The LLM's vectors are kept in the raw store; "
                + "make room and run the command again.", error);
        }
        log.Info($"Teacher {Fingerprints.Short(result.Fingerprint)} written to {output}.");
    }
}
