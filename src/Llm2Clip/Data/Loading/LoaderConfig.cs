using Llm2Clip.Images;

namespace Llm2Clip.Data.Loading;

/// <summary>How a <see cref="SampleLoader"/> reads one data set.</summary>
public sealed record LoaderConfig
{
    /// <summary>Pictures a batch.</summary>
    public required int BatchSize { get; init; }

    /// <summary>What the model wants as input.</summary>
    public required ImageTransformConfig Transform { get; init; }

    /// <summary>Random changes for training; null = evaluation: the model's own transform, no randomness.</summary>
    public AugmentConfig? Augment { get; init; }

    /// <summary>A new random order each epoch; false = stored order.</summary>
    public bool Shuffle { get; init; }

    /// <summary>Leaves out the last batch of an epoch where it is not full.</summary>
    public bool DropLast { get; init; }

    /// <summary>Seed of order and augmentation.</summary>
    public long Seed { get; init; }

    /// <summary>Decode threads; 0 = number of cores, at most 8.</summary>
    public int Workers { get; init; }

    /// <summary>Batches decoded ahead.</summary>
    public int Prefetch { get; init; } = 4;

    /// <summary>Records held in the shuffle buffer.</summary>
    public int ShuffleBuffer { get; init; } = 100_000;

    /// <summary>Memory for encoded pictures in the shuffle buffer, MB, where they do not stay in files.</summary>
    public int ShuffleBufferMb { get; init; } = 1024;

    /// <summary>Memory for decoded pictures, MB; 0 = none.</summary>
    public int ImageCacheMb { get; init; }

    /// <summary>Short side to which pictures are shrunk for the cache; 0 = full size.</summary>
    public int ImageCacheSide { get; init; }

    /// <summary>Share of bad records past which the run stops.</summary>
    public double MaxBadShare { get; init; } = 0.01;

    /// <summary>How encoded pictures become RGB.</summary>
    public DecodeOptions Decode { get; init; } = new();

    /// <summary>For training: shuffled, augmented, full batches only, everything else from the run file's data section.</summary>
    public static LoaderConfig ForTraining(DataConfig data, ImageTransformConfig transform, int batchSize, long seed) =>
        From(data, transform, batchSize) with
        {
            Augment = data.Augment,
            Shuffle = true,
            DropLast = true,
            Seed = seed,
            ImageCacheMb = data.ImageCacheMb,
            ImageCacheSide = data.ImageCacheSide,
        };

    /// <summary>For evaluation: stored order, every picture, the model's own transform.</summary>
    public static LoaderConfig ForEvaluation(DataConfig data, ImageTransformConfig transform, int batchSize) => From(data, transform, batchSize);

    /// <summary>The number of threads that <see cref="Workers"/> stands for.</summary>
    internal static int Threads(int workers) => workers > 0 ? workers : Math.Min(8, Environment.ProcessorCount);

    private static LoaderConfig From(DataConfig data, ImageTransformConfig transform, int batchSize) => new()
    {
        BatchSize = batchSize,
        Transform = transform,
        Workers = data.Workers,
        Prefetch = data.Prefetch,
        ShuffleBuffer = data.ShuffleBuffer,
        ShuffleBufferMb = data.ShuffleBufferMb,
        MaxBadShare = data.MaxBadShare,
        Decode = data.DecodeOptions(),
    };

    /// <summary>Throws <see cref="ConfigException"/> naming the first value that cannot work.</summary>
    public void Validate()
    {
        foreach (var (name, value, low) in new[]
        {
            ("batch_size", BatchSize, 1), ("prefetch", Prefetch, 1), ("shuffle_buffer", ShuffleBuffer, 1), ("shuffle_buffer_mb", ShuffleBufferMb, 1), ("workers", Workers, 0),
            ("image_cache_mb", ImageCacheMb, 0), ("image_cache_side", ImageCacheSide, 0),
        })
        {
            if (value < low)
            {
                throw new ConfigException($"{name} is {value}; it must be at least {low}.");
            }
        }
        if (!(MaxBadShare is >= 0 and <= 1))
        {
            throw new ConfigException($"max_bad_share is {MaxBadShare}; it must lie in 0..1.");
        }
        Decode.Validate();
        Transform.Validate();
        Augment?.Validate();
    }
}
