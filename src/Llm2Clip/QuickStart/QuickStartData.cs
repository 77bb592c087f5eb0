using Llm2Clip.Diagnostics;

namespace Llm2Clip.QuickStart;

/// <summary>The data set that ships in <c>data/quickstart</c>: sizes and seed. <c>llm2clip quickstart make-data</c> makes it again.</summary>
public static class QuickStartData
{
    /// <summary>Seed of pictures, captions and corpus.</summary>
    public const int Seed = 20251123;

    /// <summary>Training pictures.</summary>
    public const int TrainingCount = 2500;

    /// <summary>Validation pictures.</summary>
    public const int ValidationCount = 500;

    private const int PerShard = 1250;

    /// <summary>The shipped data as a function.</summary>
    public static SceneData Open() => new(Seed, ValidationCount);

    /// <summary>Writes all shards into a folder and returns their paths.</summary>
    public static IReadOnlyList<string> Write(string folder, IRunLog log, CancellationToken cancellation = default)
    {
        var data = Open();
        using var progress = log.Start("make-data", TrainingCount + ValidationCount, "pictures");
        SceneSample Draw(Func<int, SceneSample> draw, int index)
        {
            cancellation.ThrowIfCancellationRequested();
            progress.Advance(1);
            return draw(index);
        }
        return
        [
            .. SceneShards.Write(folder, "train", TrainingCount, PerShard, i => Draw(data.Training, i)),
            .. SceneShards.Write(folder, "val", ValidationCount, PerShard, i => Draw(data.Validation, i)),
        ];
    }
}
