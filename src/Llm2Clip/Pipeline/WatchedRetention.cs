using Llm2Clip.Data;
using Llm2Clip.Data.Loading;
using Llm2Clip.Evaluation;
using Llm2Clip.Evaluation.Classification;
using Llm2Clip.Models;
using Llm2Clip.Teachers.Adapter;
using Llm2Clip.Teachers.Store;

namespace Llm2Clip.Pipeline;

/// <summary>
/// What <c>clip_train.retention</c> watches: of an image encoder whose head is new, the nearest class mean on its pooled features; with a
/// file of classes, of a student that was trained with this teacher before, zero-shot top-1.
/// </summary>
internal static class WatchedRetention
{
    private const string Key = "clip_train.retention";

    /// <summary>
    /// The measure; null where <c>clip_train.retention.data</c> names no images. Throws <see cref="ConfigException"/> where there is
    /// nothing to lose yet.
    /// </summary>
    /// <param name="run">The run file.</param>
    /// <param name="student">The student that training starts from.</param>
    /// <param name="store">Its teacher's vectors.</param>
    /// <param name="log">Hears what is read.</param>
    /// <param name="cancellation">Ends the embedding of prompts.</param>
    public static RetentionWatch? Of(RunConfig run, Student student, EmbeddingStore store, IRunLog log, CancellationToken cancellation)
    {
        var config = run.ClipTrain.Retention;
        if (config.Data.Length == 0)
        {
            return null;
        }
        if (run.ClipTrain.Init.Length == 0 && run.Model.Init.Length == 0)
        {
            throw new ConfigException(
                $"{Key}.data names images to watch, but the image encoder is new and has nothing to retain: name a trained one as "
                + $"model.init or clip_train.init, or leave {Key}.data out.");
        }
        ShardPattern.RequireRepeatable(config.Data, $"{Key}, which encodes these images at each evaluation,");
        var source = Datasets.OpenLabeled(config.Data, run.LabeledData(), config.LabelKey, $"{Key}.label_key", log);
        var loader = LoaderConfig.ForEvaluation(run.LabeledData(), student.Transform, run.Eval.BatchSize);
        return config.Classes.Length > 0
            ? ZeroShot(run, student, store, new WatchedImages(source, loader, log), log, cancellation)
            : ClassMeans(config.Data, new WatchedImages(source, loader, log));
    }

    private static RetentionWatch ClassMeans(string data, WatchedImages watched) => new(
        $"nearest class mean on pooled features, {data}",
        (student, cancellation) =>
        {
            var images = watched.Encode(batch => student.PoolImages(batch.Pixels, batch.Count), cancellation);
            return ClassMeanProbe.Top1(images.Vectors, [.. images.Samples.Select(Datasets.LabelOf)], data);
        });

    /// <summary>The prompts' teacher vectors are computed once; the text adapter makes features of them at each evaluation.</summary>
    private static RetentionWatch ZeroShot(
        RunConfig run, Student student, EmbeddingStore store, WatchedImages watched, IRunLog log, CancellationToken cancellation)
    {
        var config = run.ClipTrain.Retention;
        if (run.ClipTrain.Init.Length == 0 || (student.TeacherFingerprint.Length > 0 && student.TeacherFingerprint != store.Fingerprint))
        {
            throw new ConfigException(
                $"{Key}.classes asks for zero-shot at the start, and that needs a student that was trained with this teacher "
                + $"(clip_train.init). Leave {Key}.classes out: the nearest class mean on the encoder's features is watched then.");
        }
        var file = ClassFile.Read(config.Classes, config.Templates);
        var languages = file.Chosen([]);
        var prompts = Embed(run, file, languages, log, cancellation);
        return new RetentionWatch(
            $"zero-shot ({string.Join(", ", languages)}), {config.Data}",
            (now, stop) =>
            {
                var images = watched.Encode(batch => now.EncodeImages(batch.Pixels, batch.Count), stop);
                var labels = file.Find([.. images.Samples.Select(Datasets.LabelOf)], config.Data);
                return languages.Average(language =>
                {
                    var classes = ClassVectors.Of(
                        file, language, images.Vectors.Dimension,
                        texts => now.EncodeTexts(Gather(prompts[language], texts), texts.Count));
                    var ranks = Ranking.Rank(images.Vectors, classes, [.. labels.Select(label => new[] { label })]);
                    return RecallNumbers.At(ranks, 1);
                });
            });
    }

    private static Dictionary<string, Dictionary<string, float[]>> Embed(
        RunConfig run, ClassFile file, IReadOnlyList<string> languages, IRunLog log, CancellationToken cancellation)
    {
        using var files = RunTeacher.Open(run, log);
        var rawStore = RunTeacher.RawStore(run, "", files.RawFingerprint, files.RawStore);
        using var teacher = files.Load(log);
        using var vectors = new TeacherVectors(teacher, rawStore, VectorType.Fp16, log);
        return languages.ToDictionary(language => language, language =>
        {
            string[] texts = [.. Enumerable.Range(0, file.Classes.Count).SelectMany(number => file.Prompts(number, language)).Distinct()];
            var rows = vectors.Embed(texts, language, CenteringMode.Training, cancellation);
            return texts.Select((text, i) => (text, row: rows[(i * vectors.Dimension)..((i + 1) * vectors.Dimension)]))
                .ToDictionary(one => one.text, one => one.row, StringComparer.Ordinal);
        });
    }

    private static float[] Gather(Dictionary<string, float[]> rows, IReadOnlyList<string> texts) =>
        [.. texts.SelectMany(text => rows[text])];

    /// <summary>The images, which are the same each time: what is wrong with some is said the first time.</summary>
    private sealed class WatchedImages(ISampleSource source, LoaderConfig loader, IRunLog log)
    {
        private IRunLog _log = log;

        public EncodedImages Encode(EmbedImages embed, CancellationToken cancellation)
        {
            var hears = _log;
            _log = SilentLog.Instance;
            return EncodedImages.Encode(source, loader, embed, hears, cancellation);
        }
    }
}
