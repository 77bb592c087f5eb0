namespace Llm2Clip.Data.Lists.Records;

/// <summary>A line of a file without its line break, at <paramref name="Offset"/>; numbers count from 1.</summary>
internal readonly record struct FileLine(long Number, long Offset, long Bytes);

/// <summary>Finds the lines of a file of any size.</summary>
internal static class FileLines
{
    /// <summary>
    /// All lines, empty ones included, after a byte order mark. Throws <see cref="InputException"/> where the file cannot be read or a
    /// line is longer than <paramref name="maxBytes"/>.
    /// </summary>
    public static IEnumerable<FileLine> Of(string path, long maxBytes)
    {
        using var stream = ListBytes.OpenStream(path);
        var buffer = new byte[1 << 20];
        var filled = ListBytes.Read(stream, buffer);
        var from = buffer.AsSpan(0, filled).StartsWith("\uFEFF"u8) ? 3 : 0;
        long at = 0, lineStart = from, number = 1;
        for (; filled > 0; at += filled, from = 0, filled = ListBytes.Read(stream, buffer))
        {
            for (int end; (end = buffer.AsSpan(from, filled - from).IndexOf((byte)'\n')) >= 0; from += end + 1)
            {
                Check(at + from + end);
                yield return new FileLine(number++, lineStart, at + from + end - lineStart);
                lineStart = at + from + end + 1;
            }
            Check(at + filled);
        }
        if (at > lineStart)
        {
            yield return new FileLine(number, lineStart, at - lineStart);
        }

        void Check(long end)
        {
            if (end - lineStart > maxBytes)
            {
                throw new InputException($"{path}: line {number} is longer than {maxBytes >> 20} MB. Is this file of the form that it is "
                    + "read as (data.format)?");
            }
        }
    }
}
