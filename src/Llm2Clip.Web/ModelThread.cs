using Llm2Clip.Images;
using Llm2Clip.Search;
using Microsoft.AspNetCore.Http;

namespace Llm2Clip.Web;

/// <summary>Student and teacher, asked by all requests through one queue. The teacher is opened at once, before the first query.</summary>
internal sealed class ModelThread : IDisposable
{
    private readonly QueryEncoder _encoder;
    private readonly ModelQueue _queue;
    private volatile string? _problem;
    private volatile IReadOnlyList<string>? _languages;

    /// <param name="encoder">Student and teacher, which this owns.</param>
    /// <param name="most">Queries that may wait.</param>
    /// <param name="log">Hears whether the teacher can be used.</param>
    public ModelThread(QueryEncoder encoder, int most, IRunLog log)
    {
        (_encoder, _queue) = (encoder, new ModelQueue(most));
        _ = _queue.Run(() => OpenTeacher(log), CancellationToken.None);
    }

    /// <summary>Languages that the teacher has a mean of their own for; null while it is being opened, or where it cannot be.</summary>
    public IReadOnlyList<string>? Languages => _languages;

    /// <summary>Why there is no searching by sentences; null where there is, or it is not known yet.</summary>
    public string? TeacherProblem => _problem;

    /// <summary>How images become pixels.</summary>
    public ImageTransformConfig Transform => _encoder.Student.Transform;

    /// <summary>
    /// Asks the model when its turn comes. Throws <see cref="ProblemException"/> (503) where too many wait, or there is no teacher.
    /// </summary>
    public Task<T> Run<T>(Func<QueryEncoder, T> ask, bool needsTeacher, CancellationToken cancellation) => _queue.Run(
        () => needsTeacher && _problem is { } problem
            ? throw new ProblemException(StatusCodes.Status503ServiceUnavailable, problem)
            : ask(_encoder),
        cancellation);

    /// <summary>Image vectors [count, D] for an import, whose batches take their turn among the queries.</summary>
    public float[] EncodeBatch(ReadOnlySpan<byte> pixels, int count, CancellationToken cancellation)
    {
        var copy = pixels.ToArray(); // a span does not go to another thread
        return _queue.Wait(() => _encoder.EncodePixels(copy, count), cancellation);
    }

    /// <summary>The model's input of an encoded image. Safe to call from several threads.</summary>
    public byte[] Pixels(byte[] encoded, string origin, double megapixels) => _encoder.Pixels(encoded, origin, megapixels);

    /// <summary>Waits for what was asked, and frees the model.</summary>
    public void Dispose()
    {
        _queue.Dispose();
        _encoder.Dispose();
    }

    private bool OpenTeacher(IRunLog log)
    {
        try
        {
            _languages = _encoder.OpenTeacher();
            log.Info("The teacher is loaded.");
        }
        catch (UserException error)
        {
            _problem = error.Message;
            log.Warn($"Images are found by images alone: {error.Message}");
        }
        return _problem is null;
    }
}
