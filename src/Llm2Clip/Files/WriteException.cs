namespace Llm2Clip.Files;

/// <summary>A file or folder that cannot be written; the message names it and says why.</summary>
public sealed class WriteException : IOException
{
    private WriteException(string path, Exception error)
        : base($"{path} cannot be written: {Cause(error)}".Replace(PendingFile.Suffix, "", StringComparison.Ordinal), error)
    {
    }

    /// <summary>Whether an exception is what .NET throws where writing fails.</summary>
    /// <remarks>EFBIG arrives as <see cref="ArgumentOutOfRangeException"/>.</remarks>
    public static bool IsCause(Exception error) => error is IOException or UnauthorizedAccessException or ArgumentOutOfRangeException;

    /// <summary>The exception for what went wrong at <paramref name="path"/>; one that names its file already stays as it is.</summary>
    public static WriteException Of(string path, Exception error) => error as WriteException ?? new WriteException(path, error);

    private static string Cause(Exception error)
    {
        if (error is ArgumentOutOfRangeException)
        {
            return "File too large for the file system, or for the limit of this process (ulimit -f).";
        }
        if (error is UnauthorizedAccessException)
        {
            return "Permission denied.";
        }
        // "No space left on device : '/path'": the path is named already, and may be the temporary one.
        var path = error.Message.LastIndexOf(" : '", StringComparison.Ordinal);
        return (path > 0 ? error.Message[..path] : error.Message).TrimEnd('.') + ".";
    }
}
