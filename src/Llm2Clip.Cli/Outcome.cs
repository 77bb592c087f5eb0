using System.Text.Json.Nodes;

namespace Llm2Clip.Cli;

/// <summary>How a call of a command ended, as <c>--json</c> has it; the same keys whether it succeeded or not.</summary>
/// <param name="Command">Words that call it, without the program's name.</param>
/// <param name="Date">When it ended.</param>
/// <param name="State">What came of it.</param>
/// <param name="ExitCode">Exit code of the process.</param>
internal sealed record Outcome(string Command, DateTimeOffset Date, RunState State, int ExitCode)
{
    /// <summary>Version of the program.</summary>
    public string Version { get; } = Product.Version;

    /// <summary>What computed: <c>cpu</c> or a GPU; null where the call ended before that was known.</summary>
    public string? Device { get; init; }

    /// <summary>Wall clock.</summary>
    public double Seconds { get; init; }

    /// <summary>The message of the error; null where there was none.</summary>
    public string? Error { get; init; }

    /// <summary>What the command gave; null where it failed.</summary>
    public object? Result { get; init; }

    /// <summary>The run file with all defaults; null where it could not be read.</summary>
    public JsonObject? Config { get; init; }

    /// <summary>The outcome of a call that ended with an error.</summary>
    public static Outcome Of(string command, Failure failure) => new(
        command, TimeProvider.System.GetUtcNow(), failure.IsStop ? RunState.Interrupted : RunState.Failed, failure.ExitCode)
    {
        Error = failure.Message,
    };
}

/// <summary>What came of a call.</summary>
internal enum RunState
{
    Done,
    Failed,
    Interrupted,
}
