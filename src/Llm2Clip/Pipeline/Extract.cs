using System.Diagnostics;
using Llm2Clip.Configuration;
using Llm2Clip.Data;
using Llm2Clip.Teachers;
using Llm2Clip.Teachers.Adapter;
using Llm2Clip.Teachers.Store;

namespace Llm2Clip.Pipeline;

/// <summary>What an extraction did. Captions are those that the data set shows, repeated ones included.</summary>
/// <param name="Captions">Captions seen.</param>
/// <param name="Added">Vectors computed and stored: captions that are new and distinct.</param>
/// <param name="Truncated">Of the added ones, those longer than the teacher's maximum.</param>
/// <param name="Stored">Vectors in the store now.</param>
/// <param name="BadSamples">Records left out because they could not be read.</param>
/// <param name="Seconds">Wall clock.</param>
/// <param name="Store">Folder.</param>
/// <param name="Fingerprint">Fingerprint of the teacher in the store.</param>
public sealed record ExtractResult(
    long Captions, long Added, long Truncated, long Stored, long BadSamples, double Seconds, string Store, string Fingerprint);

/// <summary>
/// The <c>extract</c> command: all captions of the configured languages and kinds into an embedding store. With a raw store the LLM runs
/// once per caption whatever adapters come later; without one the teacher's vectors are computed straight.
/// </summary>
public static class Extract
{
    /// <summary>
    /// Extracts what is missing. Cancelling leaves a store that the next run completes.
    /// </summary>
    /// <exception cref="ConfigException">No teacher or store is named, or the data would have to be read twice and can be read only
    /// once.</exception>
    /// <exception cref="InputException">The store is another teacher's, or too many samples are bad.</exception>
    public static ExtractResult Run(RunConfig run, IRunLog log, CancellationToken cancellation)
    {
        var tuned = run.TunedTeacher();
        var path = ConfigBinder.Required(tuned.Path, "teacher.tuned", "the teacher folder or GGUF");
        Check(run);
        using var teacher = Teacher.Open(path, tuned, log);
        return Run(run, teacher, log, cancellation);
    }

    /// <summary>The same with a teacher that is open.</summary>
    internal static ExtractResult Run(RunConfig run, Teacher teacher, IRunLog log, CancellationToken cancellation)
    {
        Check(run);
        var clock = Stopwatch.StartNew();
        var config = run.Extract;
        var sources = run.ExtractedData().Select(pattern => Datasets.Open(pattern, run.Data, log)).ToList();
        var bad = 0L;
        var passes = 0; // With a raw store the data is read twice; what is bad in it is said once.
        var captions = Captions(sources, run, () => passes++ == 0 ? log : SilentLog.Instance, count => bad = count, cancellation);

        var derive = teacher.Adapter is not null && config.RawStore.Length > 0;
        var (total, truncated) = (0L, 0L);
        if (derive)
        {
            foreach (var pattern in run.ExtractedData())
            {
                ShardPattern.RequireRepeatable(pattern, "extract, with extract.raw_store and a teacher that has an adapter,");
            }
            using var raw = EmbeddingStore.Create(config.RawStore, teacher.Encoder.Fingerprint, teacher.Encoder.Dimension, config.Dtype);
            (total, _, truncated) = CaptionFiller.FillRaw(raw, captions, teacher.Encoder, config.Window, log, cancellation);
        }
        using var source = derive ? EmbeddingStore.Open(config.RawStore, teacher.Encoder.Fingerprint) : null;
        using var writer = EmbeddingStore.Create(config.Store, teacher.Fingerprint, teacher.Dimension, config.Dtype);
        var title = derive ? "Adapt captions" : "Embed captions";
        EmbedTexts embed = (texts, language, stop) => Vectors(teacher, source, texts, language, stop);
        var (seen, added, live) = CaptionFiller.Fill(writer, captions, embed, config.Window, title, log, cancellation, total);
        writer.Complete();
        var result = new ExtractResult(seen, added, truncated + live, writer.Count, bad, clock.Elapsed.TotalSeconds, config.Store, teacher.Fingerprint);
        log.Info($"Store {config.Store}: {result.Stored:N0} vectors of {teacher.Dimension} ({config.Dtype.ToString().ToLowerInvariant()}), "
            + $"{added:N0} new, from {seen:N0} captions; teacher {Fingerprints.Short(teacher.Fingerprint)}.");
        return result;
    }

    /// <summary>What can be said before the teacher is loaded.</summary>
    private static void Check(RunConfig run)
    {
        Checked.Require(run.Extract, "extract");
        if (run.Extract.Store.Length == 0)
        {
            throw new ConfigException("extract.store is empty: name the folder of the embedding store, for example --set extract.store=runs/vectors.");
        }
    }

    /// <summary>
    /// A store holds what a student is trained on: centered by the training captions alone. Vectors with a language's own mean are made
    /// from the raw ones when they are asked for (<see cref="TeacherVectors"/>).
    /// </summary>
    private static IEnumerable<EncodedBatch> Vectors(
        Teacher teacher, EmbeddingStore? raw, IReadOnlyList<string> texts, string language, CancellationToken cancellation)
    {
        if (raw is null)
        {
            return teacher.EmbedInBatches(texts, language, CenteringMode.Training, cancellation);
        }
        var vectors = new float[(long)texts.Count * raw.Dimension];
        raw.Gather(texts, vectors);
        var adapted = new EncodedTexts(teacher.FromRaw(vectors, language, CenteringMode.Training), Truncated: 0); // Counted when the LLM ran.
        return [EncodedBatch.Whole(texts.Count, adapted)];
    }

    private static IEnumerable<Caption> Captions(
        List<ISampleSource> sources, RunConfig run, Func<IRunLog> logOfPass, Action<long> countBad, CancellationToken cancellation)
    {
        var log = logOfPass();
        var bad = 0L;
        foreach (var source in sources)
        {
            var tally = new BadSampleTally(source.Description, run.Data.MaxBadShare, log);
            foreach (var group in CaptionStream.Select(CaptionStream.Of(source, tally, cancellation), run.Extract.Languages, run.Extract.Kinds))
            {
                foreach (var caption in group.Captions)
                {
                    yield return caption;
                }
            }
            bad += tally.Bad;
            countBad(bad);
            tally.Finish();
        }
    }
}
