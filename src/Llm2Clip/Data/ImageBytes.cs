using Llm2Clip.Data.WebDataset;

namespace Llm2Clip.Data;

/// <summary>An image that is a range of a file (a tar member) or a whole file.</summary>
internal sealed class FileImage(string path, long offset, long? size) : IImageBytes
{
    /// <summary>An encoded image beyond this is refused, as a wrong size would exhaust memory.</summary>
    public const long MaxBytes = 512L << 20;

    /// <summary>The whole file, whatever its size when it is read.</summary>
    public static FileImage Whole(string path) => new(path, 0, null);

    /// <inheritdoc/>
    string? IImageBytes.File => size is null ? path : null;

    public byte[] Read()
    {
        try
        {
            using var file = File.OpenHandle(path);
            var length = size ?? RandomAccess.GetLength(file);
            if (length > MaxBytes)
            {
                throw new InputException($"{path}: {length} bytes at byte {offset} are more than the {MaxBytes} that are read at once.");
            }
            var bytes = new byte[length];
            ShardBytes.ReadExactly(file, path, offset, bytes);
            return bytes;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: cannot be read: {e.Message}", e);
        }
    }
}

/// <summary>An image in memory.</summary>
internal sealed class MemoryImage(byte[] bytes) : IImageBytes
{
    /// <summary>Stands for an image that is not needed any more.</summary>
    public static MemoryImage None { get; } = new([]);

    public long HeldBytes => bytes.Length;

    public byte[] Read() => bytes;
}
