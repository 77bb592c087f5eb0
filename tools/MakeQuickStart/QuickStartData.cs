using Llm2Clip.Files;

namespace Llm2Clip.MakeQuickStart;

/// <summary>The data set that ships in <c>data/quickstart</c>: sizes and seed. <c>MakeQuickStart data</c> makes it again.</summary>
public static class QuickStartData
{
    /// <summary>Seed of images, captions and corpus.</summary>
    public const int Seed = 20251123;

    /// <summary>Training images.</summary>
    public const int TrainingCount = 2500;

    /// <summary>Validation images.</summary>
    public const int ValidationCount = 500;

    /// <summary>Plain sentences a language, for the means of languages that are not trained on.</summary>
    public const int SentenceCount = 1000;

    /// <summary>Labeled images of each of two sets, of which each place has as many.</summary>
    public const int LabeledCount = 240;

    private const int PerShard = 1250;

    /// <summary>The shipped data as a function.</summary>
    public static SceneData Open() => new(Seed, ValidationCount);

    /// <summary>
    /// Writes all shards into a folder and returns their paths. Throws <see cref="ConfigException"/> while another process writes there.
    /// </summary>
    public static IReadOnlyList<string> Write(string folder, IRunLog log, CancellationToken cancellation = default)
    {
        using var writer = FolderLock.Take(folder);
        var data = Open();
        using var progress = log.Start("data", TrainingCount + ValidationCount + 2 * LabeledCount, "images");
        T Draw<T>(Func<int, T> draw, int index)
        {
            cancellation.ThrowIfCancellationRequested();
            progress.Advance(1);
            return draw(index);
        }
        return
        [
            .. SceneShards.Write(folder, "train", TrainingCount, PerShard, i => Draw(data.Training, i)),
            .. SceneShards.Write(folder, "val", ValidationCount, PerShard, i => Draw(data.Validation, i)),
            .. SceneShards.WritePlaces(folder, "places-train", LabeledCount, PerShard, i => Draw(n => LabeledTraining(data, n), i)),
            .. SceneShards.WritePlaces(folder, "places-val", LabeledCount, PerShard, i => Draw(n => LabeledValidation(data, n), i)),
            .. new IGrammar[] { Grammars.German, Grammars.Chinese }.Select(grammar => WriteSentences(folder, grammar, data)),
        ];
    }

    /// <summary>A labeled image to fit a linear probe on.</summary>
    public static PlaceSample LabeledTraining(SceneData data, int index) => data.Labeled("train", 20, index);

    /// <summary>A labeled image to classify.</summary>
    public static PlaceSample LabeledValidation(SceneData data, int index) => data.Labeled("val", 21, index);

    /// <summary>
    /// Sentences of one language about scenes of their own: no images, and no translation of anything. The scenes of two languages
    /// differ.
    /// </summary>
    public static IEnumerable<string> Sentences(IGrammar grammar, SceneData data)
    {
        var stream = 10 + (ulong)Grammars.All.TakeWhile(other => other != grammar).Count();
        for (var i = 0; i < SentenceCount; i++)
        {
            var random = SceneRandom.For(Seed, stream, (ulong)i);
            var intent = random.Chance(0.25) ? Intent.DrawLong(random) : Intent.DrawShort(random);
            yield return grammar.Write(data.DrawScene(random), intent, random);
        }
    }

    private static string WriteSentences(string folder, IGrammar grammar, SceneData data)
    {
        var path = Path.Combine(folder, $"sentences-{grammar.Language}.txt");
        PendingFile.Write(path, string.Concat(Sentences(grammar, data).Select(sentence => sentence + "\n")));
        return path;
    }
}
