namespace Llm2Clip.Cli;

/// <summary>The one place where exceptions become messages and exit codes.</summary>
internal static class Failure
{
    public const int BadUsage = 2;

    /// <summary>128 + SIGINT, as shells have it.</summary>
    public const int Interrupted = 130;

    private const int Failed = 1;

    /// <summary>Prints what happened and returns the exit code of the process.</summary>
    public static int Report(Exception error, CliHost host)
    {
        switch (error)
        {
            case OperationCanceledException when host.Cancellation.IsCancellationRequested:
                host.Error.WriteLine("Stopped. The same command resumes from what was saved.");
                return Interrupted;
            case UserException mistake:
                host.Error.WriteLine($"Error: {mistake.Message}");
                return mistake.ExitCode;
            case TypeInitializationException { InnerException: UserException or TypeInitializationException }:
                return Report(error.InnerException, host);
            case AggregateException { InnerExceptions: [var only] }:
                return Report(only, host);
            case IOException or UnauthorizedAccessException:
                host.Error.WriteLine($"Error: {error.Message}");
                return Failed;
            case DllNotFoundException or TypeInitializationException { InnerException: DllNotFoundException }:
                host.Error.WriteLine($"Error: a native library cannot be loaded. {(error.InnerException ?? error).Message}");
                return Failed;
            default:
                host.Error.WriteLine($"Error: this is a fault of the program, please report it. {error}");
                return Failed;
        }
    }
}
