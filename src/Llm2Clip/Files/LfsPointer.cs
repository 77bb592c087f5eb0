namespace Llm2Clip.Files;

/// <summary>
/// Git LFS pointers: texts of about 130 bytes that a clone made without Git LFS holds in the place of large files. Their first line names
/// the specification, https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md.
/// </summary>
internal static class LfsPointer
{
    /// <summary>The specification calls files below this size alone pointers.</summary>
    private const int MaxBytes = 1024;

    private static ReadOnlySpan<byte> Start => "version https://git-lfs.github.com/spec/"u8;

    /// <summary>
    /// Whether a file of <paramref name="length"/> bytes that begins with <paramref name="start"/> is a pointer; 40 bytes are enough.
    /// </summary>
    public static bool Is(ReadOnlySpan<byte> start, long length) => length < MaxBytes && start.StartsWith(Start);

    /// <summary>
    /// Throws <see cref="InputException"/> with the remedy where <paramref name="path"/> is a pointer. A file that is not there or
    /// cannot be read is left to the reader of the format.
    /// </summary>
    public static void Refuse(string path)
    {
        Span<byte> start = stackalloc byte[Start.Length];
        long length;
        int read;
        try
        {
            length = new FileInfo(path) is { Exists: true } file ? file.Length : 0;
            if (length is 0 or >= MaxBytes)
            {
                return; // a named pipe, which opening would wait for, has no length either
            }
            using var handle = File.OpenHandle(path);
            read = RandomAccess.Read(handle, start, 0);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return;
        }
        if (Is(start[..read], length))
        {
            throw new InputException(
                $"{path}: this is a Git LFS pointer, a text that stands for the file, not the file itself. Fetch it: git lfs pull.");
        }
    }
}
