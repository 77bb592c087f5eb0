using System.ComponentModel.DataAnnotations;
using Llm2Clip.Images;

namespace Llm2Clip.Data.Loading;

/// <summary>
/// How a <see cref="SampleLoader"/> reads one data set: the run file's data section, and what the loop that asks for batches adds.
/// </summary>
internal sealed record LoaderConfig
{
    /// <summary>Images per batch.</summary>
    [Range(1, 1 << 20)]
    public required int BatchSize { get; init; }

    /// <summary>What the model wants as input.</summary>
    public required ImageTransformConfig Transform { get; init; }

    /// <summary>Threads, buffers, the share of bad records, and how images are decoded.</summary>
    public DataConfig Data { get; init; } = new();

    /// <summary>Random changes for training; null = evaluation: the model's own transform, no randomness, no image cache.</summary>
    public AugmentConfig? Augment { get; init; }

    /// <summary>A new random order each epoch; false = stored order.</summary>
    public bool Shuffle { get; init; }

    /// <summary>Leaves out the last batch of an epoch where it is not full.</summary>
    public bool DropLast { get; init; }

    /// <summary>Seed of order and augmentation.</summary>
    public long Seed { get; init; }

    /// <summary>
    /// Batches decoded ahead, by <see cref="DataConfig.Prefetch"/>: four batches of 4,096 images of 224 pixels would take 2.5 GB.
    /// </summary>
    internal int Ahead => Data.Prefetch ?? Math.Clamp(2048 / BatchSize, 1, 4);

    /// <summary>How encoded images become RGB.</summary>
    internal DecodeOptions Decode => Data.DecodeOptions();

    /// <summary>The same for one data set, with what null means for it.</summary>
    internal LoaderConfig For(ISampleSource source) => this with { Data = Data.For(source) };

    /// <summary>For training: shuffled, augmented, full batches only.</summary>
    public static LoaderConfig ForTraining(DataConfig data, ImageTransformConfig transform, int batchSize, long seed) => new()
    {
        BatchSize = batchSize,
        Transform = transform,
        Data = data,
        Augment = data.Augment,
        Shuffle = true,
        DropLast = true,
        Seed = seed,
    };

    /// <summary>For evaluation: stored order, every image, the model's own transform.</summary>
    public static LoaderConfig ForEvaluation(DataConfig data, ImageTransformConfig transform, int batchSize) =>
        new() { BatchSize = batchSize, Transform = transform, Data = data };

    /// <summary>The number of threads that <see cref="DataConfig.Workers"/> means.</summary>
    internal static int Threads(int workers) => workers > 0 ? workers : Math.Min(8, Environment.ProcessorCount);
}
