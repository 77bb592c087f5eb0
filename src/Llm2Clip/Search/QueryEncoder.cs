using System.Diagnostics;
using System.Globalization;
using System.Numerics.Tensors;
using Llm2Clip.Images;
using Llm2Clip.Models;
using Llm2Clip.Teachers;
using Llm2Clip.Teachers.Adapter;

namespace Llm2Clip.Search;

/// <summary>A term of a query, with its vector of length 1 where that is known already.</summary>
/// <param name="Term">What is looked for; a sentence where <paramref name="Vector"/> is null.</param>
/// <param name="Vector">[D]; null = the encoder makes it.</param>
internal sealed record QueryPart(QueryTerm Term, float[]? Vector);

/// <summary>A query as images are compared with it.</summary>
/// <param name="Vector">[D], the sum of the terms' vectors by weight.</param>
/// <param name="Languages">Languages of its sentences.</param>
/// <param name="Notes">What was applied to the sentences.</param>
/// <param name="TeacherSeconds">Loading the teacher, where this query was the first that needed it.</param>
internal sealed record EncodedQuery(
    float[] Vector, IReadOnlyList<string> Languages, IReadOnlyList<string> Notes, double TeacherSeconds)
{
    /// <summary>The languages with commas between them; null where the query has no sentence.</summary>
    public string? Language => Languages.Count > 0 ? string.Join(", ", Languages) : null;
}

/// <summary>
/// Makes vectors of sentences and images that an index's vectors can be compared with: a sentence goes through the teacher and the
/// student's text adapter, an image through the student's image encoder, as training and evaluation send them. Holds both open. One call at
/// a time.
/// </summary>
internal sealed class QueryEncoder : IDisposable
{
    private static readonly DecodeOptions Decode = new() { Upright = true };

    private readonly Student _student;
    private readonly Lazy<Teacher> _teacher;
    private readonly ImagePipeline _pipeline;
    private double _teacherSeconds;

    /// <param name="student">The student, which this owns.</param>
    /// <param name="teacher">Opens the student's teacher when the first sentence comes.</param>
    public QueryEncoder(Student student, Func<Teacher> teacher)
    {
        _student = student;
        _pipeline = new ImagePipeline(student.Transform, decode: Decode);
        _teacher = new Lazy<Teacher>(() =>
        {
            var clock = Stopwatch.StartNew();
            var opened = teacher();
            _teacherSeconds = clock.Elapsed.TotalSeconds;
            return opened;
        });
    }

    /// <summary>The student.</summary>
    public Student Student => _student;

    /// <summary>Opens the teacher, and returns the languages that it has a mean of their own for.</summary>
    public IReadOnlyList<string> OpenTeacher() => [.. _teacher.Value.Adapter?.Means.Languages.Select(mean => mean.Language) ?? []];

    /// <summary>Rows of length 1 [N, D] of sentences of one language.</summary>
    public float[] EncodeTexts(IReadOnlyList<string> texts, string language, CancellationToken cancellation) =>
        SentenceVectors.Of(_student, _teacher.Value, texts, language, cancellation);

    /// <summary>The language of sentences.</summary>
    public string Detect(IEnumerable<string> texts) => SentenceVectors.Detect(_teacher.Value, texts);

    /// <summary>The vector of an encoded image, of length 1 [D]. Throws <see cref="ImageException"/> where it cannot be decoded.</summary>
    public float[] EncodeImage(ReadOnlySpan<byte> encoded, string origin) => EncodePixels(_pipeline.Eval(encoded, origin), 1);

    /// <summary>Rows of length 1 [count, D] of pixels [count, S, S, 3].</summary>
    public float[] EncodePixels(ReadOnlySpan<byte> pixels, int count) => _student.EncodeImages(pixels, count);

    /// <summary>
    /// The pixels [S, S, 3] of an encoded image. Safe to call from several threads. Throws <see cref="ImageException"/> where it cannot be
    /// decoded, or has more pixels than <paramref name="megapixels"/> allows.
    /// </summary>
    public byte[] Pixels(ReadOnlySpan<byte> encoded, string origin, double megapixels) =>
        new ImagePipeline(_student.Transform, decode: Decode with { MaxMegapixels = megapixels }).Eval(encoded, origin);

    /// <summary>The sum of the terms' vectors by weight.</summary>
    /// <param name="parts">The terms.</param>
    /// <param name="given">Language of all sentences; empty = each one's is detected.</param>
    /// <param name="cancellation">Ends it.</param>
    public EncodedQuery Encode(IReadOnlyList<QueryPart> parts, string given, CancellationToken cancellation)
    {
        _teacherSeconds = 0;
        var sum = new float[_student.EmbedDim];
        var notes = new List<string>();
        foreach (var part in parts)
        {
            if (part.Vector is { } known)
            {
                Add(known, part.Term.Weight);
            }
        }
        var sentences = parts.Where(part => part.Vector is null).Select(part => part.Term)
            .GroupBy(term => given.Length > 0 ? given : Detect([term.Text]))
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
        return new EncodedQuery(sum, [.. sentences.Select(group => group.Key)], notes, _teacherSeconds);

        void Add(ReadOnlySpan<float> vector, double weight) =>
            TensorPrimitives.MultiplyAdd(vector, (float)weight, sum, sum);
    }

    /// <summary>Frees student and teacher.</summary>
    public void Dispose()
    {
        if (_teacher.IsValueCreated)
        {
            _teacher.Value.Dispose();
        }
        _student.Dispose();
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
}
