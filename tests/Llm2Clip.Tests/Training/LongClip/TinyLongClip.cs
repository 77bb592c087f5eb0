using Llm2Clip.Data;
using Llm2Clip.Data.Loading;
using Llm2Clip.Layers;
using Llm2Clip.Models.Clip;
using Llm2Clip.Models.Text;
using Llm2Clip.Randomness;
using Llm2Clip.Tests.Models.Clip;
using Llm2Clip.Training.LongClip;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Training.LongClip;

/// <summary>A whole CLIP of a few thousand weights, and batches of noise images with a long and two short captions each.</summary>
internal static class TinyLongClip
{
    public static LongClipConfig Config { get; } = new()
    {
        Device = "cpu", Precision = Precision.Fp32, Seed = 5, BatchSize = 8, Steps = 20, WarmupSteps = 4, LearningRate = 1e-3,
        Pcm = new PcmConfig { K = 3 }, CheckpointEvery = 5, LogEvery = 5,
    };

    public static ClipModel NewModel(ClipTextConfig? text = null, ulong seed = 3)
    {
        var vision = new ClipVisionModel(TinyClip.Vision, CPU);
        var tower = new ClipTextModel(text ?? TinyClip.Text, CPU);
        vision.Initialize(seed);
        tower.Initialize(seed + 1);
        return new ClipModel(vision, tower, new ClipTokenizer(TinyClip.Vocabulary), vision.Config.Transform, 2.5);
    }

    public static LongClipInputs Inputs(string output, LongClipConfig config, ClipModel model, ITrainingBatches? batches = null) => new()
    {
        Model = model,
        Config = config,
        Batches = batches ?? new LongBatches(config.BatchSize),
        Captions = new LongClipCaptions(config),
        Output = output,
    };

    public static float[] Weights(ClipModel model) => [.. model.NamedParameters().SelectMany(p => GoldenTensors.Values(p.Parameter))];
}

/// <summary>Seven batches an epoch; <paramref name="before"/> is called before each batch.</summary>
internal sealed class LongBatches(int batchSize, Action<int, long>? before = null) : ITrainingBatches
{
    public long BatchesPerEpoch(CancellationToken cancellation = default) => 7;

    public IEnumerable<SampleBatch> Epoch(int epoch, long skip = 0, CancellationToken cancellation = default)
    {
        for (var index = skip; index < BatchesPerEpoch(cancellation); index++)
        {
            before?.Invoke(epoch, index);
            yield return Batch(index, batchSize);
        }
    }

    public static SampleBatch Batch(long index, int size)
    {
        const int Side = 32;
        var random = SeededRandom.For(index);
        var pixels = new byte[size * Side * Side * 3];
        foreach (ref var pixel in pixels.AsSpan())
        {
            pixel = (byte)random.NextInt32(256);
        }
        var samples = Enumerable.Range(0, size).Select(i => Sample(index * size + i)).ToList();
        return new SampleBatch(index, samples, pixels, Side, _ => { });
    }

    /// <summary>Long captions of 20 to 50 tokens, one byte each.</summary>
    private static Sample Sample(long number) => new(
        $"image {number}", $"image {number}",
        [
            new Caption($"the {new string((char)('a' + (number % 26)), (int)(10 + (5 * number % 31)))} {number}. Then more", "en", CaptionKind.Long),
            new Caption($"one of {number}", "en", CaptionKind.Short), new Caption($"and {number}", "en", CaptionKind.Short),
        ],
        new NoImage());

    public void Dispose()
    {
    }

    private sealed class NoImage : IImageBytes
    {
        public byte[] Read() => throw new InvalidOperationException("The pixels are in the batch.");
    }
}
