using Llm2Clip.Data;

namespace Llm2Clip.Teachers.Store;

/// <summary>Vectors of texts of one language, row-major and un-normalized; how many were truncated stands beside them.</summary>
public delegate EncodedTexts EmbedTexts(IReadOnlyList<string> texts, string language, CancellationToken cancellation);

/// <summary>
/// Brings captions into a store: skips those that are there, gathers the rest in windows of one language, embeds a window and appends it.
/// The order of the data set does not matter, and a killed run resumes where its last window ended.
/// </summary>
public sealed class CaptionFiller
{
    private readonly EmbeddingStoreWriter _writer;
    private readonly EmbedTexts _embed;
    private readonly int _window;
    private readonly IProgressTask _progress;
    private readonly CancellationToken _cancellation;
    private readonly Dictionary<string, (List<string> Texts, HashSet<CaptionHash> Keys)> _waiting = [];

    private CaptionFiller(EmbeddingStoreWriter writer, EmbedTexts embed, int window, IProgressTask progress, CancellationToken cancellation) =>
        (_writer, _embed, _window, _progress, _cancellation) = (writer, embed, window, progress, cancellation);

    private long Seen { get; set; }

    private long Added { get; set; }

    private long Truncated { get; set; }

    /// <summary>
    /// Embeds and stores what is missing. <paramref name="captions"/> is read twice: once to count what is to do (for the time left), once to do it.
    /// </summary>
    /// <returns>Captions seen (repeated ones included), vectors added, and how many of these were truncated.</returns>
    public static (long Seen, long Added, long Truncated) Fill(
        EmbeddingStoreWriter writer, IEnumerable<Caption> captions, EmbedTexts embed, int window, string title, IRunLog log, CancellationToken cancellation)
    {
        if (writer.Recovered > 0)
        {
            log.Info($"Resumed {writer.Folder}: {writer.Recovered:N0} vectors of an interrupted run were complete and are kept.");
        }
        long total = 0;
        long missing = 0;
        foreach (var caption in captions)
        {
            cancellation.ThrowIfCancellationRequested();
            total++;
            missing += writer.Contains(caption.Text) ? 0 : 1;
        }
        if (missing == 0)
        {
            return (total, 0, 0);
        }
        log.Info($"{title}: {missing:N0} of {total:N0} captions have no vector yet.");
        using var progress = log.Start(title, missing, "captions");
        var filler = new CaptionFiller(writer, embed, window, progress, cancellation);
        foreach (var caption in captions)
        {
            filler.Take(caption);
        }
        foreach (var language in filler._waiting.Keys.ToList())
        {
            filler.Flush(language);
        }
        progress.Advance(missing - filler.Added); // Repeated captions were counted as ones to do.
        writer.Complete();
        if (filler.Truncated > 0)
        {
            log.Warn($"{title}: {filler.Truncated:N0} captions were longer than the teacher's max_length and lost their right end.");
        }
        return (filler.Seen, filler.Added, filler.Truncated);
    }

    /// <summary>Brings captions into a store of raw LLM vectors; returns how many of the new ones were truncated.</summary>
    public static long FillRaw(
        EmbeddingStoreWriter raw, IEnumerable<Caption> captions, ILlmEncoder encoder, int window, IRunLog log, CancellationToken cancellation) =>
        Fill(raw, captions, (texts, _, stop) => encoder.Encode(texts, SilentLog.Instance, stop), window, "Embed captions (LLM)", log, cancellation).Truncated;

    private void Take(Caption caption)
    {
        Seen++;
        var key = CaptionHash.Of(caption.Text);
        if (_writer.Contains(key))
        {
            return;
        }
        if (!_waiting.TryGetValue(caption.Language, out var window))
        {
            _waiting[caption.Language] = window = ([], []);
        }
        if (!window.Keys.Add(key))
        {
            return;
        }
        window.Texts.Add(caption.Text);
        if (window.Texts.Count == _window)
        {
            Flush(caption.Language);
        }
    }

    private void Flush(string language)
    {
        _cancellation.ThrowIfCancellationRequested();
        var (texts, keys) = _waiting[language];
        if (texts.Count == 0)
        {
            return;
        }
        var encoded = _embed(texts, language, _cancellation);
        Added += _writer.Append(texts, encoded.Vectors);
        Truncated += encoded.Truncated;
        _progress.Advance(texts.Count);
        texts.Clear();
        keys.Clear();
    }
}
