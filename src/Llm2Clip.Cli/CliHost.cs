namespace Llm2Clip.Cli;

/// <summary>What a command sees of the process that runs it; tests put their own in its place.</summary>
/// <param name="Output">Results: tables, printed configurations.</param>
/// <param name="Error">Progress, log lines and errors, so that results can be piped.</param>
/// <param name="Terminal">Whether <paramref name="Error"/> is a terminal, on which a progress line can be redrawn.</param>
/// <param name="Cancellation">Set by Ctrl-C.</param>
public sealed record CliHost(TextWriter Output, TextWriter Error, bool Terminal, CancellationToken Cancellation);
