namespace Llm2Clip.Cli;

/// <summary>The one place where exceptions become messages and exit codes.</summary>
/// <param name="ExitCode">Exit code of the process.</param>
/// <param name="Message">What happened, and what to do.</param>
internal sealed record Failure(int ExitCode, string Message)
{
    public const int BadUsage = 2;

    /// <summary>128 + SIGINT, as shells have it.</summary>
    public const int Interrupted = 130;

    /// <summary>128 + SIGTERM.</summary>
    public const int Terminated = 143;

    private const int Failed = 1;
    private const string ResumeLine = "The same command resumes from what was saved.";

    /// <summary>Whether the user or the system stopped the command, which is no error.</summary>
    public bool IsStop { get; private init; }

    /// <summary>What an exception means for the user.</summary>
    /// <param name="error">The exception.</param>
    /// <param name="host">Knows of signals.</param>
    /// <param name="resumes">
    /// Whether the command that ended saves its work and resumes from it. SIGTERM is then done with, exit code 0: who takes a machine back
    /// starts the command again elsewhere, and would take another code for a fault of the command.
    /// </param>
    public static Failure Of(Exception error, CliHost host, bool resumes = false) => error switch
    {
        OperationCanceledException when host.Cancellation.IsCancellationRequested && host.IsTerminated() =>
            new(resumes ? 0 : Terminated, $"Stopped by SIGTERM. {ResumeLine}") { IsStop = true },
        OperationCanceledException when host.Cancellation.IsCancellationRequested =>
            new(Interrupted, $"Stopped. {ResumeLine}") { IsStop = true },
        UserException mistake => new(mistake.ExitCode, mistake.Message),
        TypeInitializationException { InnerException: UserException or TypeInitializationException } =>
            Of(error.InnerException, host, resumes),
        AggregateException { InnerExceptions: [var only] } => Of(only, host, resumes),
        IOException or UnauthorizedAccessException => new(Failed, error.Message),
        DllNotFoundException or TypeInitializationException { InnerException: DllNotFoundException } =>
            new(Failed, $"a native library cannot be loaded. {(error.InnerException ?? error).Message}"),
        _ => new(Failed, $"this is a fault of the program, please report it. {error}"),
    };

    /// <summary>Prints what happened and returns the exit code of the process.</summary>
    public static int Report(Exception error, CliHost host) => Of(error, host).Print(host);

    /// <summary>Prints it and returns the exit code of the process.</summary>
    public int Print(CliHost host)
    {
        host.Error.WriteLine(IsStop ? Message : $"Error: {Message}");
        return ExitCode;
    }
}
