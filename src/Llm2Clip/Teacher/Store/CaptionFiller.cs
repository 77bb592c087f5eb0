using Llm2Clip.Data;

namespace Llm2Clip.Teachers.Store;

/// <summary>Vectors of texts of one language, row-major and un-normalized, and how many were truncated.</summary>
internal delegate EncodedTexts EmbedTexts(IReadOnlyList<string> texts, string language, CancellationToken cancellation);

/// <summary>
/// Brings captions into a store: skips those that are there, gathers the rest in windows of one language, embeds a window and appends it.
/// The order of the data set does not matter, and a killed run resumes where its last window ended.
/// </summary>
internal sealed class CaptionFiller
{
    private readonly EmbeddingStoreWriter _writer;
    private readonly EmbedTexts _embed;
    private readonly int _window;
    private readonly string _title;
    private readonly IRunLog _log;
    private readonly long _total;
    private readonly CancellationToken _cancellation;
    private readonly Dictionary<string, (List<string> Texts, HashSet<CaptionHash> Keys)> _waiting = [];
    private IProgressTask? _progress;
    private long _shown;

    private CaptionFiller(
        EmbeddingStoreWriter writer, EmbedTexts embed, int window, string title, IRunLog log, long total, CancellationToken cancellation) =>
        (_writer, _embed, _window, _title, _log, _total, _cancellation) = (writer, embed, window, title, log, total, cancellation);

    private long Seen { get; set; }

    private long Added { get; set; }

    private long Truncated { get; set; }

    /// <summary>
    /// Embeds and stores what is missing. <paramref name="captions"/> is read once; how many they are is shown where the sequence knows it
    /// without being read, or where an earlier pass counted them (<paramref name="total"/>).
    /// </summary>
    /// <returns>Captions seen (repeated ones included), vectors added, and how many of these were truncated.</returns>
    public static (long Seen, long Added, long Truncated) Fill(
        EmbeddingStoreWriter writer, IEnumerable<Caption> captions, EmbedTexts embed, int window, string title, IRunLog log,
        CancellationToken cancellation, long total = 0)
    {
        if (writer.Recovered > 0)
        {
            log.Info($"Resumed {writer.Folder}: {writer.Recovered:N0} vectors of an interrupted run were complete and are kept.");
        }
        var known = total == 0 && captions.TryGetNonEnumeratedCount(out var count) ? count : total;
        var filler = new CaptionFiller(writer, embed, window, title, log, known, cancellation);
        try
        {
            foreach (var caption in captions)
            {
                cancellation.ThrowIfCancellationRequested();
                filler.Take(caption);
            }
            foreach (var language in filler._waiting.Keys.ToList())
            {
                filler.Flush(language);
            }
            filler.Show(filler.Seen);
        }
        finally
        {
            filler._progress?.Dispose();
        }
        if (filler.Added > 0)
        {
            writer.Complete();
            log.Info($"{title}: {filler.Added:N0} of {filler.Seen:N0} captions had no vector yet.");
        }
        if (filler.Truncated > 0)
        {
            log.Warn($"{title}: {filler.Truncated:N0} captions were longer than the teacher's max_length and lost their right end.");
        }
        return (filler.Seen, filler.Added, filler.Truncated);
    }

    /// <summary>Brings captions into a store of raw LLM vectors; returns as <see cref="Fill"/>.</summary>
    public static (long Seen, long Added, long Truncated) FillRaw(
        EmbeddingStoreWriter raw, IEnumerable<Caption> captions, ILlmEncoder encoder, int window, IRunLog log, CancellationToken cancellation) =>
        Fill(raw, captions, (texts, _, stop) => encoder.Encode(texts, SilentLog.Instance, stop), window, "Embed captions (LLM)", log, cancellation);

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
        _progress ??= _log.Start(_title, _total, "captions"); // Nothing is shown where nothing is missing.
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
        texts.Clear();
        keys.Clear();
        Show(Seen - _waiting.Values.Sum(waiting => waiting.Texts.Count));
    }

    /// <summary>Captions that are done, those that had a vector already included.</summary>
    private void Show(long done)
    {
        if (done > _shown)
        {
            _progress?.Advance(done - _shown);
            _shown = done;
        }
    }
}
