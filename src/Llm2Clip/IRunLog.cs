namespace Llm2Clip;

/// <summary>
/// What a long-running part tells its user. The command line shows it as a live display on a terminal and as plain lines
/// when piped; tests collect it. Implementations are safe to call from several threads.
/// </summary>
public interface IRunLog
{
    /// <summary>A line that a user can act on, or wants to find later: what was decided and why, what was found.</summary>
    void Info(string message);

    /// <summary>What only somebody who looks for a fault wants to know; shown with <c>--verbose</c>.</summary>
    void Detail(string message)
    {
    }

    /// <summary>Something the user should look at, without which the run goes on.</summary>
    void Warn(string message);

    /// <summary>Starts a progress display of <paramref name="total"/> units (0 where the total is unknown); dispose it when done.</summary>
    IProgressTask Start(string title, long total, string unit);
}

/// <summary>One running progress display.</summary>
public interface IProgressTask : IDisposable
{
    /// <summary>Adds finished units; <paramref name="detail"/> replaces the text behind the rate, such as the current loss.</summary>
    void Advance(long units, string? detail = null);
}

/// <summary>Says nothing.</summary>
public sealed class SilentLog : IRunLog, IProgressTask
{
    /// <summary>The only one.</summary>
    public static readonly SilentLog Instance = new();

    /// <inheritdoc/>
    public void Info(string message) { }

    /// <inheritdoc/>
    public void Warn(string message) { }

    /// <inheritdoc/>
    public IProgressTask Start(string title, long total, string unit) => this;

    /// <inheritdoc/>
    public void Advance(long units, string? detail = null) { }

    /// <inheritdoc/>
    public void Dispose() { }
}
