using Llm2Clip.Data;
using Llm2Clip.Data.Loading;
using Llm2Clip.Layers;
using Llm2Clip.Models;
using Llm2Clip.Randomness;
using Llm2Clip.Teachers.Store;
using Llm2Clip.Training.Stage2;
using static TorchSharp.torch;

namespace Llm2Clip.Tests.Training;

/// <summary>
/// A student of a few thousand weights, on images and caption vectors that follow from numbers: what trainer tests share.
/// </summary>
internal static class TinyTraining
{
    public const int VectorLength = 12;

    public static StudentConfig Model { get; } = new()
    {
        ImageSize = 16, PatchSize = 4, Width = 24, Layers = 2, Heads = 2, MlpRatio = 2, EmbedDim = 16, AdapterBlocks = 1,
    };

    public static ClipTrainConfig Config { get; } = new()
    {
        Device = "cpu", Precision = Precision.Fp32, Seed = 5, BatchSize = 8, Steps = 20, WarmupSteps = 4, CaptionsPerImage = 2,
        DropPath = 0.2, PatchDropout = 0.25, TextDropout = 0.1, AverageDecay = 0.9, CheckpointEvery = 5, LogEvery = 5,
    };

    public static ClipTrainInputs Inputs(string output, ClipTrainConfig config, Student student, ITrainingBatches? batches = null) => new()
    {
        Student = student,
        Config = config,
        Batches = batches ?? new TinyBatches(config.BatchSize),
        Vectors = new TinyVectors(),
        Sampler = config.CreateSampler(),
        Output = output,
    };

    public static Student NewStudent(ClipTrainConfig config) =>
        Student.Create(Model, VectorLength, config.LogitScaleStart, (ulong)config.Seed, GoldenTensors.Device);

    /// <summary>All weights of an exported model or a student, in order.</summary>
    public static float[] Weights(Student student) => [.. student.NamedParameters().SelectMany(p => GoldenTensors.Values(p.Parameter))];
}

/// <summary>Vectors that follow from the captions' text.</summary>
internal sealed class TinyVectors : ICaptionVectors
{
    public int Dimension => TinyTraining.VectorLength;

    public string Fingerprint => "tiny";

    public void Gather(IReadOnlyList<Caption> captions, Span<float> into)
    {
        for (var i = 0; i < captions.Count; i++)
        {
            var random = SeededRandom.For([.. captions[i].Text.Select(c => (long)c)]);
            foreach (ref var value in into.Slice(i * Dimension, Dimension))
            {
                value = random.NextGaussian();
            }
        }
    }
}

/// <summary>
/// Seven batches an epoch of noise images with three captions each; <paramref name="before"/> is called before each batch.
/// </summary>
internal sealed class TinyBatches(int batchSize, Action<int, long>? before = null, int side = 16) : ITrainingBatches
{
    public long BatchesPerEpoch(CancellationToken cancellation = default) => 7;

    public IEnumerable<SampleBatch> Epoch(int epoch, long skip = 0, CancellationToken cancellation = default)
    {
        for (var index = skip; index < BatchesPerEpoch(cancellation); index++)
        {
            before?.Invoke(epoch, index);
            var random = SeededRandom.For(index);
            var pixels = new byte[batchSize * side * side * 3];
            foreach (ref var pixel in pixels.AsSpan())
            {
                pixel = (byte)random.NextInt32(256);
            }
            var samples = Enumerable.Range(0, batchSize).Select(i => $"image {index * batchSize + i}").Select(key => new Sample(
                key, key, [.. Enumerable.Range(0, 3).Select(c => new Caption($"{key} caption {c}", "en", CaptionKind.Short))],
                    new NoImage())).ToList();
            yield return new SampleBatch(index, samples, pixels, side, _ => { });
        }
    }

    public void Dispose()
    {
    }

    private sealed class NoImage : IImageBytes
    {
        public byte[] Read() => throw new InvalidOperationException("The pixels are in the batch.");
    }
}
