namespace Llm2Clip;

/// <summary>
/// A mistake that the user can mend. The message says what was wrong, where (file, record, key) and what to do;
/// the command line prints it without a stack trace and ends with <see cref="ExitCode"/>.
/// </summary>
public abstract class UserException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>Exit code of the process: 1 failed, 2 bad usage or configuration, 3 bad input data or model file.</summary>
    public abstract int ExitCode { get; }
}

/// <summary>Bad usage or configuration (exit code 2): unknown key, value out of range, options that exclude each other.</summary>
public sealed class ConfigException(string message, Exception? inner = null) : UserException(message, inner)
{
    /// <summary>2.</summary>
    public override int ExitCode => 2;
}

/// <summary>Bad input data or model file (exit code 3): missing, damaged, of another layout, or of another teacher.</summary>
public class InputException(string message, Exception? inner = null) : UserException(message, inner)
{
    /// <summary>3.</summary>
    public override int ExitCode => 3;
}

/// <summary>The work could not be done although input and configuration are right (exit code 1).</summary>
public sealed class RunException(string message, Exception? inner = null) : UserException(message, inner)
{
    /// <summary>1.</summary>
    public override int ExitCode => 1;
}
