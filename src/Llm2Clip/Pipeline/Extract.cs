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
/// The <c>extract</c> command: the captions that <c>clip-train</c> and its evaluation ask for into the embedding store. The LLM runs once
/// per caption, whatever adapters come later: its vectors are kept in the raw store that cc-finetune filled, and a tuned teacher's are
/// derived from them.
/// </summary>
public static class Extract
{
    /// <summary>
    /// Extracts what is missing. Teacher, stores and languages are checked before the LLM is loaded. Cancelling leaves a store that the
    /// next run completes.
    /// </summary>
    /// <exception cref="ConfigException">No teacher or data is named, or the data would have to be read twice and can be read only
    /// once.</exception>
    /// <exception cref="InputException">The store is another teacher's, the data has no caption in the languages asked for, or too many
    /// samples are bad.</exception>
    public static ExtractResult Run(RunConfig run, IRunLog log, CancellationToken cancellation)
    {
        Checked.Require(run.Extract, "extract");
        Needs.OfExtract(run);
        using var files = RunTeacher.Open(run, log);
        RunTeacher.RequireStoreOf(files, run.VectorStore());
        RunTeacher.RequireRawStoreOf(files, run.Extract.RawStore);
        var captions = ExtractedCaptions.Open(run, log);
        captions.Check(log, cancellation);
        using var teacher = files.Load(log);
        return Run(run, teacher, files.RawStore, captions, log, cancellation);
    }

    /// <summary>The same with a teacher that is open, and without the pass that looks for the languages.</summary>
    internal static ExtractResult Run(RunConfig run, Teacher teacher, IRunLog log, CancellationToken cancellation) =>
        Run(run, teacher, "", ExtractedCaptions.Open(run, log), log, cancellation);

    private static ExtractResult Run(
        RunConfig run, Teacher teacher, string rawOfTeacher, ExtractedCaptions captions, IRunLog log, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        var (config, store) = (run.Extract, run.VectorStore());
        var rawStore = RawStore(run, teacher, rawOfTeacher);
        var derive = teacher.Adapter is not null && rawStore.Length > 0;
        if (derive)
        {
            captions.RequireRepeatable("extract, with extract.raw_store and a teacher that has an adapter,");
        }
        using var writer = EmbeddingStore.Create(store, teacher.Fingerprint, teacher.Dimension, config.Dtype, teacher.Describe());
        var (total, truncated) = derive ? FillRaw(rawStore, run, teacher, captions.Read(log, cancellation), log, cancellation) : (0L, 0L);
        using var raw = rawStore.Length > 0 ? EmbeddingStore.Open(rawStore, teacher.Encoder.Fingerprint) : null;
        EmbedTexts embed = (texts, language, stop) => Vectors(teacher, raw, texts, language, stop);
        // With a raw store the data is read twice; what is bad in it is said once.
        var read = captions.Read(derive ? SilentLog.Instance : log, cancellation);
        var title = derive ? "Adapt captions" : "Embed captions";
        var (seen, added, live) = CaptionFiller.Fill(writer, read, embed, config.Window, title, log, cancellation, total);
        writer.Complete();
        log.Info($"Store {store}: {writer.Count:N0} vectors, {added:N0} new.");
        log.Detail(
            $"Vectors of {teacher.Dimension} elements ({config.Dtype.ToString().ToLowerInvariant()}) from {seen:N0} captions; teacher "
            + $"{Fingerprints.Short(teacher.Fingerprint)}.");
        return new ExtractResult(
            seen, added, truncated + live, writer.Count, captions.Bad, clock.Elapsed.TotalSeconds, store, teacher.Fingerprint);
    }

    /// <summary>
    /// Where raw vectors are read from. A tuned teacher's store is made where it is missing, but not for streams, which it would read
    /// twice; a bare LLM's vectors go to extract.store alone.
    /// </summary>
    private static string RawStore(RunConfig run, Teacher teacher, string ofTeacher)
    {
        var (named, fingerprint) = (run.Extract.RawStore, teacher.Encoder.Fingerprint);
        if (teacher.Adapter is null)
        {
            var found = RunTeacher.RawStore(run, named, fingerprint, ofTeacher);
            return found != run.VectorStore() && EmbeddingStore.Exists(found) ? found : "";
        }
        return named.Length == 0 && !run.ExtractedData().All(CaptionSurvey.CanSurvey)
            ? ""
            : RunTeacher.RawStoreToFill(run, named, fingerprint, ofTeacher);
    }

    private static (long Total, long Truncated) FillRaw(
        string folder, RunConfig run, Teacher teacher, IEnumerable<Caption> captions, IRunLog log, CancellationToken cancellation)
    {
        var type = EmbeddingStore.TypeOf(folder) ?? run.Extract.Dtype;
        using var raw = EmbeddingStore.Create(folder, teacher.Encoder.Fingerprint, teacher.Encoder.Dimension, type);
        var (seen, _, truncated) = CaptionFiller.FillRaw(raw, captions, teacher.Encoder, run.Extract.Window, log, cancellation);
        return (seen, truncated);
    }

    /// <summary>
    /// A store holds what a student is trained on: centered by the training captions alone. Vectors with a language's own mean are made
    /// from the raw ones when they are asked for (<see cref="TeacherVectors"/>). What the raw store lacks is computed.
    /// </summary>
    private static IEnumerable<EncodedBatch> Vectors(
        Teacher teacher, EmbeddingStore? raw, IReadOnlyList<string> texts, string language, CancellationToken cancellation)
    {
        if (raw is null)
        {
            return teacher.EmbedInBatches(texts, language, CenteringMode.Training, cancellation);
        }
        var vectors = new float[(long)texts.Count * raw.Dimension];
        var missing = raw.GatherPresent(texts, vectors);
        if (missing.Count == 0)
        {
            var adapted = teacher.FromRaw(vectors, language, CenteringMode.Training);
            return [EncodedBatch.Whole(texts.Count, new EncodedTexts(adapted, Truncated: 0))]; // counted when the LLM ran
        }
        var computed = teacher.Encoder.Encode([.. missing.Select(index => texts[index])], SilentLog.Instance, cancellation);
        for (var i = 0; i < missing.Count; i++)
        {
            computed.Vectors.AsSpan(i * raw.Dimension, raw.Dimension).CopyTo(vectors.AsSpan(missing[i] * raw.Dimension));
        }
        var all = teacher.FromRaw(vectors, language, CenteringMode.Training);
        return [EncodedBatch.Whole(texts.Count, computed with { Vectors = all })];
    }
}
