using System.Globalization;
using Llm2Clip.Data;

namespace Llm2Clip.Teachers.Store;

/// <summary>Vectors of texts of one language, un-normalized, batch by batch.</summary>
internal delegate IEnumerable<EncodedBatch> EmbedTexts(IReadOnlyList<string> texts, string language, CancellationToken cancellation);

/// <summary>
/// Brings captions into a store: skips those that are there, gathers the rest in windows of one language, embeds a window and appends each
/// batch of it when it is there. The order of the data set does not matter. A stopped or killed run loses the batch that was being
/// computed; what a power cut can lose is committed every <see cref="CommitEvery"/>.
/// </summary>
internal sealed class CaptionFiller
{
    /// <summary>
    /// Captions that are read before the first one is embedded: where these are all, the number is known, and with it the time that is
    /// left.
    /// </summary>
    private const int ReadAhead = 50_000;

    private static readonly TimeSpan CommitEvery = TimeSpan.FromSeconds(10);

    private readonly EmbeddingStoreWriter _writer;
    private readonly EmbedTexts _embed;
    private readonly int _window;
    private readonly string _title;
    private readonly IRunLog _log;
    private readonly TimeProvider _clock;
    private readonly CancellationToken _cancellation;
    private readonly Dictionary<string, (List<string> Texts, HashSet<CaptionHash> Keys)> _waiting = [];
    private IProgressTask? _progress;
    private long _total;
    private long _shown;
    private long _tokens;
    private DateTimeOffset _started;
    private DateTimeOffset _committed;

    private CaptionFiller(
        EmbeddingStoreWriter writer, EmbedTexts embed, int window, string title, IRunLog log, TimeProvider clock,
        CancellationToken cancellation)
    {
        (_writer, _embed, _window, _title, _log, _clock, _cancellation) = (writer, embed, window, title, log, clock, cancellation);
        _committed = clock.GetUtcNow();
    }

    private long Seen { get; set; }

    private long Added { get; set; }

    private long Truncated { get; set; }

    /// <summary>
    /// Embeds and stores what is missing. <paramref name="captions"/> is read once. The time that is left is shown where an earlier pass
    /// counted the captions (<paramref name="total"/>), or where there are few enough to be read first.
    /// </summary>
    /// <returns>Captions seen (repeated ones included), vectors added, and how many of these were truncated.</returns>
    public static (long Seen, long Added, long Truncated) Fill(
        EmbeddingStoreWriter writer, IEnumerable<Caption> captions, EmbedTexts embed, int window, string title, IRunLog log,
        CancellationToken cancellation, long total = 0, TimeProvider? clock = null)
    {
        if (writer.Recovered > 0)
        {
            log.Info($"Resumed {writer.Folder}: {writer.Recovered:N0} vectors of an interrupted run were complete and are kept.");
        }
        var filler = new CaptionFiller(writer, embed, window, title, log, clock ?? TimeProvider.System, cancellation) { _total = total };
        try
        {
            filler.TakeAll(captions);
        }
        finally
        {
            filler._progress?.Dispose();
        }
        if (filler.Added > 0 || writer.Count == 0)
        {
            writer.Complete();
        }
        if (filler.Added > 0)
        {
            log.Detail($"{title}: {filler.Added:N0} of {filler.Seen:N0} captions had no vector yet.");
        }
        if (filler.Truncated > 0)
        {
            log.Warn($"{title}: {filler.Truncated:N0} captions were longer than the teacher's max_length and lost their right end.");
        }
        return (filler.Seen, filler.Added, filler.Truncated);
    }

    /// <summary>Brings captions into a store of raw LLM vectors; returns as <see cref="Fill"/>.</summary>
    public static (long Seen, long Added, long Truncated) FillRaw(
        EmbeddingStoreWriter raw, IEnumerable<Caption> captions, ILlmEncoder encoder, int window, IRunLog log,
        CancellationToken cancellation) =>
        Fill(raw, captions, (texts, _, stop) => encoder.EncodeInBatches(texts, stop), window, "Embed captions (LLM)", log, cancellation);

    private void TakeAll(IEnumerable<Caption> captions)
    {
        using var source = captions.GetEnumerator();
        var ahead = new Queue<Caption>();
        while (ahead.Count < ReadAhead && source.MoveNext())
        {
            _cancellation.ThrowIfCancellationRequested();
            ahead.Enqueue(source.Current);
        }
        _total = ahead.Count < ReadAhead ? ahead.Count : _total;
        while (ahead.TryDequeue(out var caption))
        {
            Take(caption);
        }
        while (source.MoveNext())
        {
            Take(source.Current);
        }
        foreach (var language in _waiting.Keys.ToList())
        {
            Flush(language);
        }
        Show(Seen);
    }

    private void Take(Caption caption)
    {
        _cancellation.ThrowIfCancellationRequested();
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
        if (_progress is null) // Nothing is shown where nothing is missing.
        {
            _progress = _log.Start(_title, _total, "captions");
            _started = _clock.GetUtcNow();
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
        // The longest texts come first: tokens tell better than texts how much of a window is done.
        var before = Seen - _waiting.Values.Sum(waiting => waiting.Texts.Count);
        foreach (var batch in _embed(texts, language, _cancellation))
        {
            Added += _writer.Append([.. batch.Texts.Select(text => texts[text])], batch.Vectors);
            Truncated += batch.Truncated;
            _tokens += batch.Tokens;
            if (_clock.GetUtcNow() - _committed >= CommitEvery)
            {
                _writer.Commit();
                _committed = _clock.GetUtcNow();
            }
            Show(before + (long)(texts.Count * batch.Share));
        }
        texts.Clear();
        keys.Clear();
    }

    /// <summary>Captions that are done, those that had a vector already included.</summary>
    private void Show(long done)
    {
        if (_progress is null || (done <= _shown && _tokens == 0))
        {
            return;
        }
        var seconds = (_clock.GetUtcNow() - _started).TotalSeconds;
        _progress.Advance(
            Math.Max(0, done - _shown),
            _tokens > 0 && seconds > 0 ? string.Create(CultureInfo.InvariantCulture, $"{_tokens / seconds:N0} tok/s") : null);
        _shown = Math.Max(_shown, done);
    }
}
