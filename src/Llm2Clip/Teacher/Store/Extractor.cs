using System.Diagnostics;
using Llm2Clip.Data;
using Llm2Clip.Teachers.Adapter;

namespace Llm2Clip.Teachers.Store;

/// <summary>
/// The <c>extract</c> command: all captions of the configured languages and kinds into an embedding store. With a raw store the LLM runs
/// once a caption whatever adapters come later; without one the teacher's vectors are computed straight.
/// </summary>
public static class Extractor
{
    /// <summary>
    /// Extracts what is missing. Throws <see cref="ConfigException"/> where no store is named, <see cref="InputException"/> for another teacher's
    /// store or too many bad samples; cancelling leaves a store that the next run completes.
    /// </summary>
    public static ExtractResult Run(ExtractConfig config, DataConfig data, Teacher teacher, IRunLog log, CancellationToken cancellation = default)
    {
        Check(config, data);
        var clock = Stopwatch.StartNew();
        var sources = Patterns(config, data).Select(pattern => SampleSources.Open(pattern, data, log)).ToList();
        var bad = 0L;
        var passes = 0; // The data is read more than once; what is bad in it is said once.
        var captions = Captions(sources, config, data, () => passes++ == 0 ? log : SilentLog.Instance, count => bad = count, cancellation);

        var adapter = teacher.Adapter;
        var derive = adapter is not null && config.RawStore.Length > 0;
        var truncated = 0L;
        if (derive)
        {
            using var raw = EmbeddingStore.Create(config.RawStore, teacher.Encoder.Fingerprint, teacher.Encoder.Dimension, config.Dtype);
            truncated = FillRaw(raw, captions, teacher.Encoder, config.Window, log, cancellation);
        }
        using var writer = EmbeddingStore.Create(config.Store, teacher.Fingerprint, teacher.Dimension, config.Dtype);
        Recovered(writer, config.Store, log);
        using var source = derive ? EmbeddingStore.Open(config.RawStore, teacher.Encoder.Fingerprint) : null;
        EmbedTexts embed = (texts, language, stop) => Adapt(source is null ? teacher.Encoder.Encode(texts, SilentLog.Instance, stop) : FromStore(source, texts), adapter, texts.Count, language);
        var (seen, added, live) = CaptionFiller.Fill(writer, captions, embed, config.Window, derive ? "Adapt captions" : "Embed captions", log, cancellation);
        writer.Complete();
        var result = new ExtractResult(seen, added, truncated + live, writer.Count, bad, clock.Elapsed.TotalSeconds, config.Store, teacher.Fingerprint);
        log.Info($"Store {config.Store}: {result.Stored:N0} vectors of {teacher.Dimension} ({config.Dtype.ToString().ToLowerInvariant()}), {added:N0} new, from {seen:N0} captions; "
            + $"teacher {Fingerprints.Short(teacher.Fingerprint)}.");
        return result;
    }

    /// <summary>What can be said before the teacher is loaded. Throws <see cref="ConfigException"/>, also for data that is there once: it is read to count, and again.</summary>
    public static void Check(ExtractConfig config, DataConfig data)
    {
        if (config.Store.Length == 0)
        {
            throw new ConfigException("extract.store is empty: name the folder of the embedding store, for example --set extract.store=runs/vectors.");
        }
        if (config.Window < 1)
        {
            throw new ConfigException($"extract.window is {config.Window}; it must be 1 or more.");
        }
        foreach (var pattern in Patterns(config, data))
        {
            ShardPattern.RequireRepeatable(pattern, "extract, which counts the captions first,");
        }
    }

    private static IReadOnlyList<string> Patterns(ExtractConfig config, DataConfig data) => config.Data.Count > 0 ? config.Data : [data.Train];

    /// <summary>Brings captions into a store of raw LLM vectors; returns how many of the new ones were truncated.</summary>
    public static long FillRaw(
        EmbeddingStoreWriter raw, IEnumerable<Caption> captions, ILlmEncoder encoder, int window, IRunLog log, CancellationToken cancellation)
    {
        Recovered(raw, "the raw store", log);
        return CaptionFiller.Fill(raw, captions, (texts, _, stop) => encoder.Encode(texts, SilentLog.Instance, stop), window, "Embed captions (LLM)", log, cancellation).Truncated;
    }

    private static EncodedTexts FromStore(EmbeddingStore raw, IReadOnlyList<string> texts)
    {
        var vectors = new float[texts.Count * raw.Dimension];
        raw.Gather(texts, vectors);
        return new EncodedTexts(vectors, 0);
    }

    /// <summary>
    /// A store holds what a student is trained on: centering by the training captions alone. Vectors with a language's own mean are made from
    /// the raw ones when they are asked for (<see cref="TeacherVectors"/>).
    /// </summary>
    private static EncodedTexts Adapt(EncodedTexts raw, IVectorAdapter? adapter, int count, string language)
    {
        if (adapter is null)
        {
            return raw;
        }
        var adapted = new float[count * adapter.Dimension];
        if (adapter is CcAdapter centering)
        {
            centering.Apply(raw.Vectors, count, language, CenteringMode.Training, adapted);
        }
        else
        {
            adapter.Apply(raw.Vectors, count, language, adapted);
        }
        return raw with { Vectors = adapted };
    }

    private static void Recovered(EmbeddingStoreWriter writer, string name, IRunLog log)
    {
        if (writer.Recovered > 0)
        {
            log.Info($"Resumed {name}: {writer.Recovered:N0} vectors of an interrupted run were complete and are kept.");
        }
    }

    private static IEnumerable<Caption> Captions(
        List<ISampleSource> sources, ExtractConfig config, DataConfig data, Func<IRunLog> logOfPass, Action<long> countBad, CancellationToken cancellation)
    {
        var log = logOfPass();
        var bad = 0L;
        foreach (var source in sources)
        {
            var tally = new BadSampleTally(source.Description, data.MaxBadShare, log);
            foreach (var group in CaptionStream.Select(CaptionStream.Of(source, tally, cancellation), config.Languages, config.Kinds))
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
