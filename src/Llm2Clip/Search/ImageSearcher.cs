using System.Diagnostics;
using System.Globalization;
using System.Numerics.Tensors;
using Llm2Clip.Images;
using Llm2Clip.Models;
using Llm2Clip.Teachers;
using Llm2Clip.Teachers.Adapter;

namespace Llm2Clip.Search;

/// <summary>
/// Answers queries over an index: a sentence goes through the teacher and the student's text adapter, an image through the student's image
/// encoder, as training and evaluation send them. Holds all of it open. One query at a time.
/// </summary>
public sealed class ImageSearcher : IDisposable
{
    private static readonly DecodeOptions Decode = new() { Upright = true };

    private readonly ImageIndex _index;
    private readonly Student _student;
    private readonly Lazy<Teacher> _teacher;
    private readonly ImagePipeline _pipeline;
    private readonly Lazy<NeighborGraph?> _graph;
    private double _teacherSeconds;

    /// <summary>Puts a searcher together from its parts, which it then owns.</summary>
    /// <param name="index">The images.</param>
    /// <param name="student">The student whose vectors they are.</param>
    /// <param name="teacher">Opens the student's teacher when the first sentence comes.</param>
    public ImageSearcher(ImageIndex index, Student student, Func<Teacher> teacher)
    {
        (_index, _student) = (index, student);
        _pipeline = new ImagePipeline(student.Transform, decode: Decode);
        _graph = new Lazy<NeighborGraph?>(() => index.Manifest.Neighbors is { } entry ? NeighborGraph.Open(index.Folder, entry) : null);
        _teacher = new Lazy<Teacher>(() =>
        {
            var clock = Stopwatch.StartNew();
            var opened = teacher();
            _teacherSeconds = clock.Elapsed.TotalSeconds;
            return opened;
        });
    }

    /// <summary>The index that is searched.</summary>
    public ImageIndex Index => _index;

    /// <summary>
    /// The images that answer a query. Throws <see cref="ConfigException"/> for a query without content, <see cref="InputException"/> where
    /// its image, the teacher or the index cannot be read.
    /// </summary>
    public SearchReport Search(SearchConfig config, CancellationToken cancellation)
    {
        var terms = QueryTerm.Of(config);
        var filter = new ImageFilter(_index, config);
        _teacherSeconds = 0;
        var clock = Stopwatch.StartNew();
        var notes = new List<string>();
        var (query, languages) = Query(terms, config.Language, notes, cancellation);
        var querySeconds = clock.Elapsed.TotalSeconds - _teacherSeconds;
        clock.Restart();
        // A filter may leave few of the images that a graph finds.
        var graph = config.Exact || filter.Description.Length > 0 ? null : _graph.Value;
        var groups = Find(query, config, filter, graph, cancellation);
        var hits = groups.Select(Hit).ToList();
        if (graph is not null)
        {
            var entry = _index.Manifest.Neighbors!;
            notes.Add(string.Create(
                CultureInfo.InvariantCulture,
                $"Approximate: by a graph of {entry.Images:N0} images, recall@10 {entry.Recall:0.000} when it was built."));
        }
        if (filter.Description.Length > 0)
        {
            notes.Add($"Only images {filter.Description}.");
        }
        return new SearchReport
        {
            Index = _index.Folder,
            Images = _index.Count,
            Terms = terms,
            Language = languages.Count > 0 ? string.Join(", ", languages) : null,
            Notes = notes,
            Hits = hits,
            Seconds = new SearchTimes(0, 0, _teacherSeconds, querySeconds, clock.Elapsed.TotalSeconds),
        };
    }

    /// <summary>
    /// Vectors of sentences of one language, rows of length 1 [N, D], as the search compares them with images'.
    /// </summary>
    /// <param name="texts">Sentences.</param>
    /// <param name="language">Their language: its own mean is taken out where the teacher has one.</param>
    /// <param name="cancellation">Ends it.</param>
    public float[] EncodeTexts(IReadOnlyList<string> texts, string language, CancellationToken cancellation) =>
        SentenceVectors.Of(_student, _teacher.Value, texts, language, cancellation);

    /// <summary>The vector of an encoded image, of length 1 [D]. Throws <see cref="ImageException"/> where it cannot be decoded.</summary>
    public float[] EncodeImage(ReadOnlySpan<byte> encoded, string origin) => _student.EncodeImages(_pipeline.Eval(encoded, origin), 1);

    /// <summary>Frees all parts.</summary>
    public void Dispose()
    {
        if (_teacher.IsValueCreated)
        {
            _teacher.Value.Dispose();
        }
        if (_graph.IsValueCreated)
        {
            _graph.Value?.Dispose();
        }
        _student.Dispose();
        _index.Dispose();
    }

    /// <summary>The sum of the terms' vectors by weight, and the languages of its sentences.</summary>
    private (float[] Vector, IReadOnlyList<string> Languages) Query(
        IReadOnlyList<QueryTerm> terms, string given, List<string> notes, CancellationToken cancellation)
    {
        var sum = new float[_index.Model.Dimension];
        foreach (var term in terms.Where(term => term.IsImage))
        {
            Add(EncodeImage(ReadImage(term.Text), term.Text), term.Weight);
        }
        var sentences = terms.Where(term => !term.IsImage)
            .GroupBy(term => given.Length > 0 ? given : SentenceVectors.Detect(_teacher.Value, [term.Text]))
            .ToList();
        foreach (var group in sentences)
        {
            var rows = EncodeTexts([.. group.Select(term => term.Text)], group.Key, cancellation);
            foreach (var (term, place) in group.Select((term, place) => (term, place)))
            {
                Add(rows.AsSpan(place * sum.Length, sum.Length), term.Weight);
            }
            notes.Add(Applied(group.Key, given.Length > 0 ? "given" : "detected"));
        }
        return (sum, [.. sentences.Select(group => group.Key)]);

        void Add(ReadOnlySpan<float> vector, double weight) =>
            TensorPrimitives.MultiplyAdd(vector, (float)weight, sum, sum);
    }

    /// <summary>What was done to the sentences of a language.</summary>
    private string Applied(string language, string how)
    {
        var adapter = _teacher.Value.Adapter;
        if (adapter is null || adapter.Config.Centering == Centering.None)
        {
            return $"Language: {language} ({how}). The teacher takes no mean out of its vectors.";
        }
        return adapter.OwnMean(language) is { } mean
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"Language: {language} ({how}). Its own mean was taken out, of {mean.Count:N0} sentences ({mean.Source}).")
            : $"Language: {language} ({how}). The mean of the training captions was taken out"
                + (adapter.Means.Of(language) is null ? "; the teacher has none of this language." : ".");
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

    /// <summary>The best images; where alike ones are folded, so many are looked at that enough remain.</summary>
    private IReadOnlyList<FoundGroup> Find(
        float[] query, SearchConfig config, ImageFilter filter, NeighborGraph? graph, CancellationToken cancellation)
    {
        for (var most = config.Fold ? (4 * config.Top) + 16 : config.Top; ; most *= 2)
        {
            var found = graph is null
                ? VectorSearch.Top(_index, query, most, filter.Accepts, cancellation)
                : VectorSearch.Top(_index, graph, query, most, cancellation);
            if (!config.Fold)
            {
                return [.. found.Select(one => new FoundGroup(one, []))];
            }
            var groups = AlikeImages.Fold(_index, found);
            if (groups.Count >= config.Top || most >= _index.Count)
            {
                return [.. groups.Take(config.Top)];
            }
        }
    }

    private SearchHit Hit(FoundGroup group, int place)
    {
        var locator = group.Best.Locator;
        var (row, record) = (_index.Row(locator), _index.Record(locator));
        return new SearchHit
        {
            Rank = place + 1,
            Score = group.Best.Score,
            Path = record.Path,
            IsFile = record.IsFile,
            IsGone = record.IsFile && !File.Exists(record.Path),
            Taken = row.TakenDate,
            Place = float.IsNaN(row.Latitude) ? null : new ImagePlace(row.Latitude, row.Longitude),
            Width = row.Width,
            Height = row.Height,
            Captions = record.Captions,
            Alike = [.. group.Alike.Select(other => _index.Record(other).Path)],
            Thumbnail = _index.Thumbnail(locator).ToArray(),
        };
    }
}
