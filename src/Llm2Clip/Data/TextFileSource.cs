using System.Text;

namespace Llm2Clip.Data;

/// <summary>Which captions a text file holds.</summary>
public enum TextLines
{
    /// <summary>Its first line, as Urban1k's own evaluation reads it; blank lines are passed over.</summary>
    First,

    /// <summary>One per line.</summary>
    Each,

    /// <summary>One, all lines joined with blanks.</summary>
    Joined,
}

/// <summary>
/// Images whose captions lie in text files of the same name, beside them (<c>a.jpg</c>, <c>a.txt</c>) or in a folder of texts beside that
/// of the images (<c>image/1.jpg</c>, <c>caption/1.txt</c>, as Urban1k has them).
/// </summary>
/// <param name="images">The images.</param>
/// <param name="captions">Gives language and kind.</param>
/// <param name="lines">What of a file is a caption.</param>
internal sealed class TextFileSource(ImageFolderSource images, CaptionReader captions, TextLines lines) : ISampleSource
{
    private const string Extension = ".txt";

    /// <summary>A longer file is no caption.</summary>
    private const long MaxBytes = 1 << 20;

    private static readonly string[] ImageFolders = ["image", "images", "img", "imgs"];

    private static readonly string[] TextFolders = ["caption", "captions", "text", "texts"];

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public string Description => images.Description.Replace(" without captions", " with text files", StringComparison.Ordinal);

    public bool IsUpright => images.IsUpright;

    public int ShardCount => images.ShardCount;

    /// <summary>Whether an image of a folder, at any depth, has a text file.</summary>
    public static bool IsIn(string folder) =>
        ImageFolderSource.HasFiles(folder, Extension)
        && ImageFolderSource.Images(folder).Any(name => TextOf(Path.Combine(folder, name)) is not null);

    public string ShardName(int shard) => images.ShardName(shard);

    public IEnumerable<Sample> ReadShard(int shard, Action<BadSample> onBad, CancellationToken cancellation = default)
    {
        foreach (var sample in images.ReadShard(shard, onBad, cancellation))
        {
            var remarks = new List<string>();
            IReadOnlyList<Caption>? found = null;
            try
            {
                found = Read(sample, remarks);
            }
            catch (BadRecordException e)
            {
                onBad(new BadSample(sample.Origin, e.Message, Cause: e.Cause));
            }
            if (found is not null)
            {
                remarks.ForEach(remark => onBad(new BadSample(sample.Origin, remark, Kept: true)));
                yield return sample with { Captions = found };
            }
        }
    }

    private IReadOnlyList<Caption> Read(Sample sample, List<string> remarks)
    {
        if (TextOf(sample.Origin) is not { } path)
        {
            return captions.Complete([], remarks, $"has no text file ({Path.GetFileNameWithoutExtension(sample.Origin)}{Extension})");
        }
        var texts = ReadText(path).Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (lines == TextLines.First && texts.Length > 1)
        {
            remarks.Add($"{path} has {texts.Length} lines, of which the first is the caption (data.text_lines)");
        }
        IEnumerable<string> chosen = lines switch
        {
            TextLines.First => texts.Take(1),
            TextLines.Each => texts,
            _ => texts.Length == 0 ? [] : [string.Join(' ', texts)],
        };
        var found = new List<Caption>();
        foreach (var text in chosen)
        {
            captions.Add(text, path, found, remarks);
        }
        return captions.Complete(found, remarks, $"no caption ({path} is empty)");
    }

    private static string ReadText(string path)
    {
        try
        {
            var length = new FileInfo(path).Length;
            return length <= MaxBytes
                ? Strict.GetString(File.ReadAllBytes(path)).TrimStart('\uFEFF')
                : throw new BadRecordException(
                    $"its text file {path} has {length:N0} bytes, more than a caption", BadSampleCause.NoCaption);
        }
        catch (DecoderFallbackException)
        {
            throw new BadRecordException($"its text file {path} is not valid UTF-8", BadSampleCause.NoCaption);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: cannot be read: {e.Message}", e);
        }
    }

    /// <summary>The text file of an image; null where there is none.</summary>
    private static string? TextOf(string image)
    {
        var name = Path.GetFileNameWithoutExtension(image) + Extension;
        var folder = Path.GetDirectoryName(image) ?? "";
        var above = Path.GetDirectoryName(folder) ?? "";
        IEnumerable<string> beside = ImageFolders.Contains(Path.GetFileName(folder), StringComparer.OrdinalIgnoreCase)
            ? TextFolders.Select(texts => Path.Combine(above, texts, name))
            : [];
        return beside.Prepend(Path.Combine(folder, name)).FirstOrDefault(File.Exists);
    }
}
