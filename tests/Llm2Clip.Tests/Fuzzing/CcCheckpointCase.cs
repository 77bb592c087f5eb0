using System.Text.Json;
using Llm2Clip.Data;
using Llm2Clip.Evaluation;
using Llm2Clip.Layers;
using Llm2Clip.Teachers.Adapter;
using Llm2Clip.Teachers.Store;
using Llm2Clip.Tests.Teachers;
using Llm2Clip.Training.Checkpoints;
using Llm2Clip.Training.Optimizer;
using Llm2Clip.Training.Stage1;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Fuzzing;

/// <summary>A small caption-contrastive training whose checkpoint is written, and gone on from as the command does, up to the next step.</summary>
internal sealed class CcCheckpointCase : IDisposable
{
    private const int Dimension = 4;

    private static readonly Dictionary<string, string> Identity = new() { ["cc_finetune.batch_size"] = "2", ["LLM fingerprint"] = "t" };
    private static readonly CcFinetuneConfig Config = new() { HardNegatives = 2, BatchSize = 2, Adapter = new AdapterConfig { Dimension = 3, Blocks = 1 } };

    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly EmbeddingStore _raw;
    private readonly CcPictures _pictures;
    private readonly CcAdapter _adapter;
    private readonly CcBatches _batches;
    private readonly CcStep _step;
    private readonly BestWeights _best;

    /// <param name="raw">Folder of the raw vectors; filled where it is missing.</param>
    public CcCheckpointCase(string raw)
    {
        var groups = Enumerable.Range(0, 6).Select(i => new CaptionGroup($"k{i}", [.. Enumerable.Range(0, 2).Select(j => new Caption(StoreCases.Text((2 * i) + j), "en", CaptionKind.Short))])).ToList();
        if (!Directory.Exists(raw))
        {
            using var writer = EmbeddingStoreWriter.Open(raw, "t", Dimension, VectorType.Fp32);
            StoreCases.Append(writer, 0, 12);
            writer.Complete();
        }
        _raw = EmbeddingStore.Open(raw);
        _pictures = new CcPictures();
        groups.ForEach(group => _pictures.Add(group, _raw));
        _pictures.Finish();
        var means = new LanguageMeans(new float[Dimension], [new LanguageMean("en", new float[Dimension], 12, "captions", true)]);
        _adapter = CcAdapter.Create(Config.Adapter, means, 1);
        _batches = new CcBatches(_pictures, _raw, means, Centering.None, Config.BatchSize, 1);
        _step = new CcStep(Config, _adapter.Module, _batches, CPU);
        _best = new BestWeights(_step.Parameters);
    }

    /// <summary>Writes the checkpoint of a training that stopped in its second epoch.</summary>
    public void Save(string output)
    {
        var negatives = _step.Negatives(0, _pictures, CancellationToken.None);
        foreach (var batch in _batches.Epoch(0, negatives.Of).Concat(_batches.Epoch(1, negatives.Of).Take(1)))
        {
            _step.Run(batch, _pictures, 6);
        }
        var recall = RecallNumbers.From([1, 2, 3, 1, 7, 1], 6, [1, 1, 1, 1, 1, 1]);
        var rows = new[] { new ProbeRow("adapter", ["en: captions"], [new ProbeScore("en", "en", recall)]) };
        _best.Offer(1, 0.75);
        Checkpoint(output).Save(1, 1, 0.5, [new CcEvaluation(0, 0.5, rows), new CcEvaluation(1, 0.75, rows)]);
    }

    /// <summary>Goes on: the rest of the epoch with its hard negatives, the next checkpoint, the evaluations as the result holds them.</summary>
    public void Resume(string output, string next)
    {
        var checkpoint = Checkpoint(output);
        var history = checkpoint.Load()!;
        var (epoch, batch, sum) = checkpoint.Position;
        foreach (var rest in _batches.Epoch(epoch, _step.Mined!.Of).Skip((int)batch))
        {
            using var vectors = _batches.Vectors(rest.Captions, CPU);
        }
        JsonSerializer.Serialize(history);
        Checkpoint(next).Save(epoch, batch, sum, history);
    }

    public void Dispose()
    {
        _best.Dispose();
        _step.Dispose();
        _adapter.Dispose();
        _raw.Dispose();
        _scope.Dispose();
    }

    private CcCheckpoint Checkpoint(string output) => new(output, Identity, _step, _best, _pictures, Config.HardNegatives);
}
