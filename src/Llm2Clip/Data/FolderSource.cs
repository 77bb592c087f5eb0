using System.Text;
using System.Text.Json;

namespace Llm2Clip.Data;

/// <summary>
/// Pictures in a folder with a JSONL list: each line an object with <c>image</c> or <c>file_name</c> (relative to the list's
/// folder) and captions as in <see cref="CaptionReader"/>. A list is cut into shards of <see cref="LinesPerShard"/> lines.
/// The key is <c>key</c> where the line has one, else the picture's path without its extension.
/// </summary>
internal sealed class FolderSource : ISampleSource
{
    private const int LinesPerShard = 2048;
    private const int MaxLineBytes = 16 << 20;

    private readonly string _pattern;
    private readonly CaptionReader _captions;
    private readonly List<Chunk> _chunks = [];
    private readonly int _lists;

    /// <summary>Finds the line starts of all lists. Throws <see cref="InputException"/> where a list cannot be read.</summary>
    public FolderSource(string pattern, IReadOnlyList<string> lists, CaptionReader captions)
    {
        _pattern = pattern;
        _captions = captions;
        _lists = lists.Count;
        foreach (var list in lists)
        {
            Scan(list);
        }
    }

    public string Description => $"{_pattern} (JSONL, {_lists} list{(_lists == 1 ? "" : "s")})";

    public int ShardCount => _chunks.Count;

    public string ShardName(int shard) => $"{_chunks[shard].List} from line {_chunks[shard].FirstLine}";

    public IEnumerable<Sample> ReadShard(int shard, Action<BadSample> onBad)
    {
        var chunk = _chunks[shard];
        var keys = new HashSet<string>(StringComparer.Ordinal);
        var line = chunk.FirstLine;
        foreach (var text in Lines(chunk))
        {
            if (text.Trim().Length > 0 && Read(chunk.List, line, text, keys, onBad) is { } sample)
            {
                yield return sample;
            }
            line++;
        }
    }

    private Sample? Read(string list, int line, string text, HashSet<string> keys, Action<BadSample> onBad)
    {
        var origin = $"{list}: line {line}";
        var remarks = new List<string>();
        try
        {
            using var json = JsonDocument.Parse(text);
            var captions = _captions.Read(json.RootElement, null, remarks);
            var name = Name(json.RootElement, "image") ?? Name(json.RootElement, "file_name")
                ?? throw new BadRecordException("has neither `image` nor `file_name`");
            var path = Path.Combine(Path.GetDirectoryName(list) ?? "", name);
            if (!File.Exists(path))
            {
                throw new BadRecordException($"names the picture '{name}', which does not exist");
            }
            var key = Name(json.RootElement, "key") ?? Path.ChangeExtension(name, null);
            if (!keys.Add(key))
            {
                throw new BadRecordException($"has the key '{key}' of an earlier line; the first one is used");
            }
            foreach (var remark in remarks)
            {
                onBad(new BadSample(origin, remark, Kept: true));
            }
            return new Sample(key, $"{origin}: {name}", captions, FileImage.Whole(path));
        }
        catch (Exception e) when (e is BadRecordException or JsonException or InvalidOperationException)
        {
            onBad(new BadSample(origin, e is BadRecordException ? e.Message : "is not valid JSON: " + e.Message));
            return null;
        }
    }

    private static string? Name(JsonElement json, string field) =>
        json.TryGetProperty(field, out var value) && value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } name ? name : null;

    private static IEnumerable<string> Lines(Chunk chunk)
    {
        using var reader = new StreamReader(new MemoryStream(new FileImage(chunk.List, chunk.Offset, chunk.Bytes).Read()), Encoding.UTF8);
        while (reader.ReadLine() is { } line)
        {
            yield return line;
        }
    }

    private void Scan(string list)
    {
        try
        {
            using var stream = new FileStream(list, FileMode.Open, FileAccess.Read, FileShare.Read, 1);
            var buffer = new byte[1 << 20];
            long at = 0, chunkStart = 0, lineStart = 0;
            int line = 1, chunkLine = 1, read;
            while ((read = stream.Read(buffer)) > 0)
            {
                for (var from = 0; from < read;)
                {
                    var end = buffer.AsSpan(from, read - from).IndexOf((byte)'\n');
                    var next = end < 0 ? read : from + end + 1;
                    if (at + next - lineStart > MaxLineBytes)
                    {
                        throw new InputException($"{list}: line {line} is longer than {MaxLineBytes >> 20} MB. Is this a JSONL file?");
                    }
                    from = next;
                    if (end >= 0)
                    {
                        line++;
                        lineStart = at + next;
                        if (line - chunkLine == LinesPerShard)
                        {
                            _chunks.Add(new Chunk(list, chunkStart, lineStart - chunkStart, chunkLine));
                            (chunkStart, chunkLine) = (lineStart, line);
                        }
                    }
                }
                at += read;
            }
            if (at > chunkStart)
            {
                _chunks.Add(new Chunk(list, chunkStart, at - chunkStart, chunkLine));
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{list}: cannot be read: {e.Message}", e);
        }
    }

    private sealed record Chunk(string List, long Offset, long Bytes, int FirstLine);
}
