using System.Diagnostics;
using Llm2Clip.Images;
using Llm2Clip.Models;
using Llm2Clip.Teachers;

namespace Llm2Clip.Search;

/// <summary>
/// Answers queries over an index by sentences and images. Holds index, student and teacher open. One query at a time.
/// </summary>
public sealed class ImageSearcher : IDisposable
{
    private readonly IndexSearch _search;
    private readonly QueryEncoder _encoder;

    /// <summary>Puts a searcher together from its parts, which it then owns.</summary>
    /// <param name="index">The images.</param>
    /// <param name="student">The student whose vectors they are.</param>
    /// <param name="teacher">Opens the student's teacher when the first sentence comes.</param>
    public ImageSearcher(ImageIndex index, Student student, Func<Teacher> teacher)
        : this(new IndexSearch(index), new QueryEncoder(student, teacher))
    {
    }

    internal ImageSearcher(IndexSearch search, QueryEncoder encoder) => (_search, _encoder) = (search, encoder);

    /// <summary>The index that is searched.</summary>
    public ImageIndex Index => _search.Index;

    /// <summary>
    /// The images that answer a query. Throws <see cref="ConfigException"/> for a query without content, <see cref="InputException"/> where
    /// its image, the teacher or the index cannot be read.
    /// </summary>
    public SearchReport Search(SearchConfig config, CancellationToken cancellation)
    {
        var terms = QueryTerm.Of(config);
        var clock = Stopwatch.StartNew();
        var parts = terms.Select(term => new QueryPart(term, term.IsImage ? EncodeImage(ReadImage(term.Text), term.Text) : null));
        var query = _encoder.Encode([.. parts], config.Language, cancellation);
        var querySeconds = clock.Elapsed.TotalSeconds - query.TeacherSeconds;
        clock.Restart();
        List<string> notes = [.. query.Notes];
        var hits = _search.Find(query.Vector, config, notes, cancellation).Select(Hit).ToList();
        return new SearchReport
        {
            Index = Index.Folder,
            Images = Index.Count,
            Terms = terms,
            Language = query.Language,
            Notes = notes,
            Hits = hits,
            Seconds = new SearchTimes(0, 0, query.TeacherSeconds, querySeconds, clock.Elapsed.TotalSeconds),
        };
    }

    /// <summary>
    /// Vectors of sentences of one language, rows of length 1 [N, D], as the search compares them with images'.
    /// </summary>
    /// <param name="texts">Sentences.</param>
    /// <param name="language">Their language: its own mean is taken out where the teacher has one.</param>
    /// <param name="cancellation">Ends it.</param>
    public float[] EncodeTexts(IReadOnlyList<string> texts, string language, CancellationToken cancellation) =>
        _encoder.EncodeTexts(texts, language, cancellation);

    /// <summary>The vector of an encoded image, of length 1 [D]. Throws <see cref="ImageException"/> where it cannot be decoded.</summary>
    public float[] EncodeImage(ReadOnlySpan<byte> encoded, string origin) => _encoder.EncodeImage(encoded, origin);

    /// <summary>Frees all parts.</summary>
    public void Dispose()
    {
        _encoder.Dispose();
        _search.Dispose();
    }

    private static byte[] ReadImage(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: the image to search by cannot be read: {error.Message}", error);
        }
    }

    private SearchHit Hit(FoundGroup group, int place)
    {
        var locator = group.Best.Locator;
        var (row, record) = (Index.Row(locator), Index.Record(locator));
        return new SearchHit
        {
            Rank = place + 1,
            Score = group.Best.Score,
            Path = record.Path,
            IsFile = record.IsFile,
            IsGone = record.IsFile && !File.Exists(record.Path),
            Taken = row.TakenDate,
            Place = row.Place,
            Width = row.Width,
            Height = row.Height,
            Captions = record.Captions,
            Alike = [.. group.Alike.Select(other => Index.Record(other).Path)],
            Thumbnail = Index.Thumbnail(locator).ToArray(),
        };
    }
}
