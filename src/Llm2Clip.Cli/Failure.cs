namespace Llm2Clip.Cli;

/// <summary>The one place where exceptions become messages and exit codes.</summary>
/// <param name="ExitCode">Exit code of the process.</param>
/// <param name="Message">What happened, and what to do.</param>
internal sealed record Failure(int ExitCode, string Message)
{
    public const int BadUsage = 2;

    /// <summary>128 + SIGINT, as shells have it.</summary>
    public const int Interrupted = 130;

    private const int Failed = 1;

    /// <summary>What an exception means for the user.</summary>
    public static Failure Of(Exception error, CliHost host) => error switch
    {
        OperationCanceledException when host.Cancellation.IsCancellationRequested =>
            new(Interrupted, "Stopped. The same command resumes from what was saved."),
        UserException mistake => new(mistake.ExitCode, mistake.Message),
        TypeInitializationException { InnerException: UserException or TypeInitializationException } => Of(error.InnerException, host),
        AggregateException { InnerExceptions: [var only] } => Of(only, host),
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
        host.Error.WriteLine(ExitCode == Interrupted ? Message : $"Error: {Message}");
        return ExitCode;
    }
}
