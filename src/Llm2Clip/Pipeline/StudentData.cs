using System.Globalization;
using Llm2Clip.Data;
using Llm2Clip.Teachers.Store;
using Llm2Clip.Training.Stage2;

namespace Llm2Clip.Pipeline;

/// <summary>
/// The data of <c>clip-train</c>, opened and checked against the store before anything is built: one pass over the captions, no image is
/// read. Streams (<c>pipe:</c>, standard input) are not read for it.
/// </summary>
/// <param name="Config">The training section, with the captions that are drawn and a batch that the data fills.</param>
/// <param name="Train">Training images, by data set.</param>
/// <param name="Val">Images that the student is scored on; null for none.</param>
/// <param name="ValLanguages">Languages of their captions that it is scored on.</param>
internal sealed record StudentData(
    ClipTrainConfig Config, IReadOnlyList<TrainSet> Train, ISampleSource? Val, IReadOnlyList<string> ValLanguages)
{
    /// <summary>The captions that training draws, where <c>clip_train.text_queue</c> takes some of them; else null.</summary>
    public TextPool? TextPool { get; private init; }

    /// <summary>
    /// Opens and checks. Throws <see cref="InputException"/> where captions have no vector or too few images have a caption, naming the
    /// languages there and here and the key that differs.
    /// </summary>
    public static StudentData Open(RunConfig run, EmbeddingStore store, IRunLog log, CancellationToken cancellation)
    {
        var config = run.ClipTrain with { Captions = run.DrawnCaptions() };
        var sampler = config.CreateSampler();
        var train = Datasets.OpenTrainSets(run.Data, log);
        var drawn = run.StudentLanguages();
        var rows = new List<long>();
        if (config.TextQueue > 0)
        {
            run.Data.RequireRepeatableTrain("clip_train.text_queue, which takes captions of all of data.train,");
        }
        var images = 0L;
        var languages = new List<string>();
        foreach (var set in train.Where(set => CaptionSurvey.CanSurvey(set.Data.Train)))
        {
            var coverage = new StoreCoverage(run, store, set.Key, set.Data.Train);
            images += Count(run, set, train.Count, sampler, caption =>
            {
                coverage.Add(caption);
                if (config.TextQueue > 0)
                {
                    rows.Add(store.Find(CaptionHash.Of(caption.Text)));
                }
            }, cancellation);
            coverage.Require("that clip-train draws");
            languages.AddRange(coverage.Languages.Except(languages));
        }
        config = Fitting(config, images, train, log);
        var (val, valLanguages) = OpenVal(run, store, drawn.Count > 0 ? drawn : languages, log, cancellation);
        return new StudentData(config, train, val, valLanguages) { TextPool = config.TextQueue > 0 ? new TextPool(store, rows) : null };
    }

    /// <summary>Images of a set with a caption that can be drawn; <paramref name="look"/> sees each such caption.</summary>
    private static long Count(
        RunConfig run, TrainSet set, int sets, CaptionSampler sampler, Action<Caption> look, CancellationToken cancellation)
    {
        var images = 0L;
        var all = new CaptionSurvey();
        foreach (var group in CaptionStream.Of(set.Source, set.Data, [], [], SilentLog.Instance, cancellation))
        {
            all.Add(group);
            var drawn = group.Captions.Where(sampler.Draws).ToList();
            drawn.ForEach(look);
            images += drawn.Count > 0 ? 1 : 0;
        }
        var key = run.ClipTrain.Captions.Count > 0 ? "clip_train.captions" : run.StudentLanguageKey();
        if (sets > 1)
        {
            return images > 0 ? images : throw new InputException(
                $"{set} has no image with a caption that clip-train draws. It has {all}, and clip-train draws {Named(run)} ({key}). Set "
                + $"{key} to what is there, or leave the set out of data.train_sets.");
        }
        return images > 1 ? images : throw new InputException(string.Create(
            CultureInfo.InvariantCulture,
            $"clip-train needs two images with a caption that it draws, and {set.Key} has {images:N0}. It has {all}, and clip-train ")
            + $"draws {Named(run)} ({key}). Set {key} to what is there, or leave it out.");
    }

    private static string Named(RunConfig run) => string.Join(", ", run.DrawnCaptions().Select(choice =>
        (choice.Language.Length > 0 ? choice.Language : "any language")
        + (choice.Kind is { } kind ? $" ({CaptionKinds.Name(kind)})" : "")));

    /// <summary>
    /// The settings with a batch that an epoch fills. An epoch that names its own number of images fills any batch that it allows.
    /// </summary>
    private static ClipTrainConfig Fitting(ClipTrainConfig config, long images, IReadOnlyList<TrainSet> train, IRunLog log)
    {
        if (images >= config.BatchSize || config.EpochSamples is not null || train.Any(set => !CaptionSurvey.CanSurvey(set.Data.Train)))
        {
            return config;
        }
        var data = train.Count > 1 ? "data.train_sets" : train[0].Key;
        log.Warn(string.Create(
            CultureInfo.InvariantCulture,
            $"clip_train.batch_size: {images:N0}, not {config.BatchSize:N0}; {data} has no more images."));
        return config with { BatchSize = (int)images };
    }

    /// <summary>The images to score the student on, and the languages that both they and the training have.</summary>
    private static (ISampleSource? Val, IReadOnlyList<string> Languages) OpenVal(
        RunConfig run, EmbeddingStore store, IReadOnlyList<string> drawn, IRunLog log, CancellationToken cancellation)
    {
        if (run.Data.Val.Length == 0)
        {
            log.Info("data.val is empty: nothing is evaluated, and the last weights count.");
            return (null, []);
        }
        var val = Datasets.OpenVal(run.Data, log);
        if (!CaptionSurvey.CanSurvey(run.Data.Val))
        {
            return (val, drawn.Count > 0 ? drawn : [run.Eval.ReferenceLanguage]);
        }
        var all = new CaptionSurvey();
        var coverage = new StoreCoverage(run, store, "data.val", run.Data.Val);
        foreach (var group in CaptionStream.Of(val, run.Data, [], run.Extract.Kinds, SilentLog.Instance, cancellation))
        {
            all.Add(group);
            foreach (var caption in group.Captions.Where(caption => drawn.Count == 0 || drawn.Contains(caption.Language)))
            {
                coverage.Add(caption);
            }
        }
        IReadOnlyList<string> languages = drawn.Count > 0 ? [.. drawn.Where(all.Captions.ContainsKey)] : all.Languages;
        if (languages.Count == 0)
        {
            log.Warn($"data.val has {all}, and the training draws {string.Join(", ", drawn)}: nothing is evaluated during training, and "
                + "the last weights are the result. `llm2clip eval retrieval` evaluates in any language.");
            return (null, []);
        }
        coverage.Require("that the student would be scored on (data.val empty: no scores during training)");
        return (val, languages);
    }
}
