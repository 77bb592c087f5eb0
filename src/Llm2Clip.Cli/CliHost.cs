using Llm2Clip.Cli.Drawing;

namespace Llm2Clip.Cli;

/// <summary>What a command sees of the process that runs it; tests put their own in its place.</summary>
/// <param name="Output">Results: tables, printed configurations.</param>
/// <param name="Error">Progress, log lines and errors, so that results can be piped.</param>
/// <param name="Cancellation">Set by Ctrl-C and SIGTERM.</param>
public sealed record CliHost(Screen Output, Screen Error, CancellationToken Cancellation)
{
    /// <summary>Whether SIGTERM has set the cancellation.</summary>
    internal Func<bool> IsTerminated { get; init; } = static () => false;

    /// <summary>
    /// Opens the log of a run: a live display on a terminal, plain lines elsewhere. It is to be disposed before anything else is printed.
    /// </summary>
    /// <param name="verbose">Whether details are shown too.</param>
    internal IConsoleLog OpenLog(bool verbose = false) => Error.Terminal is { } terminal
        ? new LiveRunLog(Error, terminal, TimeProvider.System, verbose)
        : new PlainRunLog(Error.Writer, TimeProvider.System, verbose);
}
