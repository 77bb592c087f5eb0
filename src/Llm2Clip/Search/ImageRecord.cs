using System.IO.Hashing;
using System.Text.Json;
using Llm2Clip.Data;
using Llm2Clip.Files;

namespace Llm2Clip.Search;

/// <summary>What an index keeps of an image in words.</summary>
/// <param name="Path">The file; of an image inside a shard, the shard and its name there.</param>
/// <param name="Key">Name in its data set.</param>
/// <param name="IsFile">Whether <paramref name="Path"/> is a file that holds this image and nothing else.</param>
/// <param name="Captions">All captions that came with it.</param>
public sealed record ImageRecord(string Path, string Key, bool IsFile, IReadOnlyList<Caption> Captions)
{
    /// <summary>The record of a sample.</summary>
    internal static ImageRecord Of(Sample sample)
    {
        var file = sample.Image.File;
        var path = file is null ? sample.Origin : System.IO.Path.GetFullPath(file);
        return new ImageRecord(path, sample.Key, file is not null, sample.Captions);
    }

    /// <summary>The name by which the image is known when it comes again.</summary>
    internal UInt128 Identity => XxHash128.HashToUInt128(System.Text.Encoding.UTF8.GetBytes(Path));

    /// <summary>Changes with any caption.</summary>
    internal ulong CaptionsHash => XxHash64.HashToUInt64(JsonSerializer.SerializeToUtf8Bytes(Captions, Json.Line));

    /// <summary>As it is stored: JSON on one line.</summary>
    internal byte[] ToBytes() => [.. JsonSerializer.SerializeToUtf8Bytes(this, Json.Line), (byte)'\n'];

    /// <summary>Reads what <see cref="ToBytes"/> wrote. Throws <see cref="JsonException"/>.</summary>
    internal static ImageRecord Of(ReadOnlySpan<byte> bytes)
    {
        try
        {
            var record = JsonSerializer.Deserialize<ImageRecord>(bytes, Json.Line);
            // Elements of lists may be null in spite of what their types say.
            return record?.Captions.Contains(null!) == false ? record : throw new JsonException("it holds null");
        }
        catch (InvalidOperationException error) // a text that is not Unicode
        {
            throw new JsonException(error.Message, error);
        }
    }
}
