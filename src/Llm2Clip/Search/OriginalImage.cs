using Llm2Clip.Data;
using Llm2Clip.Data.WebDataset;

namespace Llm2Clip.Search;

/// <summary>The encoded image that a row of an index was made of, read again from its file or tar.</summary>
internal static class OriginalImage
{
    private const string Separator = ": ";

    /// <summary>
    /// Its bytes. Throws <see cref="InputException"/> where it cannot be read, and where its bytes are not those that were indexed:
    /// whatever a path leads to by now, nothing but the image of the index is given out.
    /// </summary>
    /// <param name="row">The image's row.</param>
    /// <param name="record">Its record.</param>
    public static byte[] Read(IndexRow row, ImageRecord record)
    {
        var bytes = record.IsFile ? FileImage.Whole(record.Path).Read() : Member(record.Path);
        return PhotoReader.ContentOf(bytes) == row.Content ? bytes : throw new InputException(
            $"{record.Path} was changed after it was indexed. Bring the index up to date with `llm2clip index`.");
    }

    /// <summary>The file that holds the image: the tar, where it lies in one; null where a record of another form says it.</summary>
    public static string? FileOf(ImageRecord record) => record.IsFile ? record.Path : Split(record.Path)?.Tar;

    /// <summary>An image of a plain tar, whose record is <c>TAR: MEMBER</c>.</summary>
    private static byte[] Member(string path)
    {
        if (Split(path) is not var (tar, member) || ShardStream.Takes(tar))
        {
            throw new InputException($"{path} is inside a file of which single images are not read; its thumbnail is in the index.");
        }
        try
        {
            using var bytes = ShardBytes.Open(tar);
            foreach (var entry in new TarIndex(bytes).Entries(_ => { }))
            {
                if (entry.Name == member)
                {
                    return new FileImage(tar, entry.Offset, entry.Size).Read();
                }
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{tar}: cannot be read: {error.Message}", error);
        }
        throw new InputException($"{tar} does not hold {member} any more. Bring the index up to date with `llm2clip index`.");
    }

    /// <summary>
    /// The parts of a record's path. Names of files may hold the separator as well: the first file that is there counts.
    /// </summary>
    private static (string Tar, string Member)? Split(string path)
    {
        for (var at = path.IndexOf(Separator, StringComparison.Ordinal); at >= 0;
            at = path.IndexOf(Separator, at + 1, StringComparison.Ordinal))
        {
            if (File.Exists(path[..at]))
            {
                return path.AsSpan(0, at).EndsWith(".tar", StringComparison.OrdinalIgnoreCase)
                    ? (path[..at], path[(at + Separator.Length)..])
                    : null;
            }
        }
        return null;
    }
}
