using System.Globalization;
using Llm2Clip.Data;
using Llm2Clip.Models.Clip;
using Llm2Clip.Training.LongClip;

namespace Llm2Clip.Pipeline;

/// <summary>
/// The data of <c>longclip train</c>, opened and checked before anything is built: one pass over the captions, no image is read. Streams
/// (<c>pipe:</c>, standard input) are not read for it.
/// </summary>
/// <param name="Config">The training section, with a batch that the data fills.</param>
/// <param name="Captions">Draws long and short captions.</param>
/// <param name="Train">Training images, by data set.</param>
/// <param name="Val">Images that the model is scored on; null for none.</param>
internal sealed record LongClipData(
    LongClipConfig Config, LongClipCaptions Captions, IReadOnlyList<TrainSet> Train, ISampleSource? Val)
{
    /// <summary>Opens and checks.</summary>
    /// <exception cref="ConfigException">The data has too few images for what is to be matched.</exception>
    /// <exception cref="InputException">The data has no long captions, or no short ones where they are not cut.</exception>
    public static LongClipData Open(RunConfig run, IRunLog log, CancellationToken cancellation)
    {
        var (config, captions) = (run.Longclip, new LongClipCaptions(run.Longclip));
        var train = Datasets.OpenTrainSets(run.Data, log);
        var images = train.Sum(set => Survey(set.Key, set.Source, set.Data.Train, set.Data, captions, config, cancellation) ?? 0);
        if (config.EpochSamples is null && images < config.BatchSize && train.All(set => CaptionSurvey.CanSurvey(set.Data.Train)))
        {
            log.Warn(string.Create(
                CultureInfo.InvariantCulture,
                $"longclip.batch_size: {images:N0}, not {config.BatchSize:N0}; {run.Data.TrainName} has no more images."));
            config = Configuration.Checked.Require(
                config with { BatchSize = (int)images, MicroBatch = (int)Math.Min(config.MicroBatch, images) }, "longclip");
        }
        return new LongClipData(config, captions, train, OpenVal(run, captions, log, cancellation));
    }

    /// <summary>Refuses captions that are longer than the model takes, where they are not to be cut.</summary>
    /// <exception cref="InputException">There is one.</exception>
    public void RequireFit(ClipModel model, CancellationToken cancellation)
    {
        if (Config.Truncate)
        {
            return;
        }
        foreach (var source in Train.Where(set => CaptionSurvey.CanSurvey(set.Data.Train)).Select(set => set.Source))
        {
            for (var shard = 0; shard < source.ShardCount; shard++)
            {
                foreach (var sample in source.ReadShard(shard, _ => { }, cancellation).Where(one => Captions.Accepts(one.Captions)))
                {
                    cancellation.ThrowIfCancellationRequested();
                    model.Tokenizer.Encode(Captions.Long(sample), model.Text.Config.Positions, truncate: false, "longclip.truncate");
                }
            }
        }
    }

    /// <summary>Images with a long caption; null for a stream.</summary>
    private static long? Survey(
        string key, ISampleSource source, string path, DataConfig data, LongClipCaptions captions, LongClipConfig config,
        CancellationToken cancellation)
    {
        if (!CaptionSurvey.CanSurvey(path))
        {
            return null;
        }
        var all = new CaptionSurvey();
        var (images, without, first) = (0L, 0L, "");
        foreach (var group in CaptionStream.Of(source, data, [], [], SilentLog.Instance, cancellation))
        {
            all.Add(group);
            if (captions.Accepts(group.Captions))
            {
                images++;
                if (!captions.HaveShort(group.Captions))
                {
                    first = without++ == 0 ? group.Key : first;
                }
            }
        }
        if (images < 2)
        {
            throw new InputException(string.Create(
                CultureInfo.InvariantCulture,
                $"longclip train needs two images with a long caption, and {key} has {images:N0}. It has {all}, and long ")
                + $"captions are those of {Asked(config)} (longclip.languages, longclip.long_kinds). Set these to what is there, or "
                + "data.join_captions: true, which joins all captions of an image into a long one.");
        }
        return without == 0 ? images : throw new InputException(string.Create(
            CultureInfo.InvariantCulture,
            $"{without:N0} of the {images:N0} images of {key} with a long caption have no short one, such as {first} ")
            + $"(longclip.short_kinds: {Names(config.ShortKinds, "none")}), and longclip.split is empty. Set longclip.split to where the "
            + "short caption ends within the long one, or longclip.short_weight to 0.");
    }

    private static ISampleSource? OpenVal(RunConfig run, LongClipCaptions captions, IRunLog log, CancellationToken cancellation)
    {
        if (run.Data.Val.Length == 0)
        {
            log.Info("data.val is empty: nothing is evaluated, and the last weights count.");
            return null;
        }
        var val = Datasets.OpenVal(run.Data, log);
        var groups = CaptionStream.Of(val, run.Data, [], [], SilentLog.Instance, cancellation);
        if (CaptionSurvey.CanSurvey(run.Data.Val) && !groups.Any(group => captions.Accepts(group.Captions)))
        {
            log.Warn("data.val has no long caption (longclip.languages, longclip.long_kinds): nothing is evaluated during training, and "
                + "the last weights are the result.");
            return null;
        }
        return val;
    }

    private static string Asked(LongClipConfig config) =>
        $"{Names(config.LongKinds, "any kind")} in {(config.Languages.Count > 0 ? string.Join(", ", config.Languages) : "any language")}";

    private static string Names(IReadOnlyList<CaptionKind> kinds, string empty) =>
        kinds.Count > 0 ? string.Join(", ", kinds.Select(CaptionKinds.Name)) : empty;
}
