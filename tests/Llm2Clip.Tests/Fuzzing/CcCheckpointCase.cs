using System.Text.Json;
using Llm2Clip.Data;
using Llm2Clip.Evaluation;
using Llm2Clip.Layers;
using Llm2Clip.Teachers.Adapter;
using Llm2Clip.Teachers.Store;
using Llm2Clip.Tests.Teachers;
using Llm2Clip.Training;
using Llm2Clip.Training.Checkpoints;
using Llm2Clip.Training.Stage1;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Fuzzing;

/// <summary>
/// A small caption-contrastive training whose checkpoint is written, and resumed from as the command does, up to the end of the epoch.
/// </summary>
internal sealed class CcCheckpointCase : IDisposable
{
    private const int Dimension = 4;

    private static readonly Dictionary<string, string> Identity = new() { ["cc_finetune.batch_size"] = "2", ["LLM fingerprint"] = "t" };
    private static readonly CcFinetuneConfig Config =
        new()
        {
            HardNegatives = 2, BatchSize = 2, EvaluateEvery = 1, Selection = CcSelection.HeldOut,
            Adapter = new AdapterConfig { Dimension = 3, Blocks = 1 }
        };

    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly EmbeddingStore _raw;
    private readonly CcImages _images;
    private readonly CcAdapter _adapter;
    private readonly CcBatches _batches;
    private readonly CcStep _step;

    /// <param name="raw">Folder of the raw vectors; filled where it is missing.</param>
    public CcCheckpointCase(string raw)
    {
        var groups = Enumerable.Range(0, 6)
            .Select(i => new CaptionGroup($"k{i}",
            [.. Enumerable.Range(0, 2).Select(j => new Caption(StoreCases.Text((2 * i) + j), "en", CaptionKind.Short))])).ToList();
        if (!Directory.Exists(raw))
        {
            using var writer = EmbeddingStoreWriter.Open(raw, "t", Dimension, VectorType.Fp32);
            StoreCases.Append(writer, 0, 12);
            writer.Complete();
        }
        _raw = EmbeddingStore.Open(raw);
        _images = new CcImages();
        groups.ForEach(group => _images.Add(group, _raw));
        _images.Finish();
        var means = new LanguageMeans(new float[Dimension], [new LanguageMean("en", new float[Dimension], 12, "captions", true)]);
        _adapter = CcAdapter.Create(Config.Adapter, means, 1);
        _batches = new CcBatches(_images, _raw, means, Centering.None, Config.BatchSize, 1);
        _step = new CcStep(Config, _adapter.Module, _batches, CPU);
    }

    /// <summary>Writes the checkpoint of a training that stopped in its second epoch.</summary>
    public void Save(string output)
    {
        var probe = new ProbeRow("adapter", ["en: captions"],
            [new ProbeScore("en", "en", RecallNumbers.From([1, 2, 3, 1, 7, 1], 6, [1, 1, 1, 1, 1, 1]))]);
        using var task = Task(output, epoch => new CcEvaluation(epoch, 0.5 + (0.25 * epoch), [probe]));
        using var source = new CancellationTokenSource();
        Assert.ThrowsAny<OperationCanceledException>(() =>
            Trainer.Run(task, SilentLog.Instance, new StopAt(4, source), null, source.Token));
    }

    /// <summary>
    /// Resumes, and saves the next checkpoint before a step is made; then the rest of the epoch with its hard negatives, as the command
    /// does.
    /// </summary>
    public void Resume(string output, string next)
    {
        TrainState state;
        using (var task = Task(output, _ => throw new InvalidOperationException("Nothing is evaluated here.")))
        {
            state = TaskCheckpoint.Load(task)!;
            TaskCheckpoint.Save(CaptionTask.CheckpointOf(next), task, state);
            foreach (var batch in task.Epoch(state.Epoch, state.Batch, CancellationToken.None))
            {
                batch.Backward(state.Step);
            }
            JsonSerializer.Serialize(task.History);
            task.Finish(state);
        }
    }

    public void Dispose()
    {
        _step.Dispose();
        _adapter.Dispose();
        _raw.Dispose();
        _scope.Dispose();
    }

    private CaptionTask Task(string output, Func<int, CcEvaluation> evaluate) =>
        new(Config with { Output = output }, _images, _batches, _step, evaluate, Identity);

    /// <summary>Cancels at the end of a step.</summary>
    private sealed class StopAt(long last, CancellationTokenSource source) : IMetricsSink
    {
        public void Scalar(string tag, long step, double value)
        {
            if (step == last)
            {
                source.Cancel();
            }
        }
    }
}
