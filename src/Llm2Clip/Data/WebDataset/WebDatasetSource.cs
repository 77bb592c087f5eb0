using System.Text;
using System.Text.Json;

namespace Llm2Clip.Data.WebDataset;

/// <summary>
/// WebDataset tars: the members <c>KEY.jpg</c> (jpeg, png, webp, gif) and <c>KEY.json</c> and/or <c>KEY.txt</c> make a sample; the
/// key ends at the first dot of the file name. Headers and captions are read, images only when asked for. From a stream
/// (<see cref="ShardStream"/>: commands, standard input, gzip shards) images travel with their samples.
/// </summary>
internal sealed class WebDatasetSource(string pattern, IReadOnlyList<string> shards, CaptionReader captions) : ISampleSource
{
    /// <summary>A caption member beyond this is refused.</summary>
    private const long MaxCaptionBytes = 16 << 20;

    private static readonly string[] ImageExtensions = ["jpg", "jpeg", "png", "webp", "gif", "tif", "tiff", "avif", "heic", "heif"];

    public string Description => $"{pattern} (WebDataset, {shards.Count} shard{(shards.Count == 1 ? "" : "s")})";

    public int ShardCount => shards.Count;

    public string ShardName(int shard) => shards[shard];

    public IEnumerable<Sample> ReadShard(int shard, Action<BadSample> onBad, CancellationToken cancellation = default) =>
        ShardStream.Takes(shards[shard]) ? ReadStream(shards[shard], onBad, cancellation) : ReadFile(shards[shard], onBad);

    private IEnumerable<Sample> ReadFile(string path, Action<BadSample> onBad)
    {
        using var bytes = ShardBytes.Open(path);
        foreach (var members in Group(bytes, path, onBad))
        {
            if (Read(members, bytes, path, onBad) is { } sample)
            {
                yield return sample;
            }
        }
    }

    /// <summary>Members of a sample must stand side by side here: the next key ends a sample.</summary>
    private IEnumerable<Sample> ReadStream(string path, Action<BadSample> onBad, CancellationToken cancellation)
    {
        using var stream = ShardStream.Open(path, cancellation);
        var ended = new HashSet<string>(StringComparer.Ordinal);
        var members = new Members("");
        foreach (var (key, extension, entry) in NamedMembers(stream, path, onBad))
        {
            if (key != members.Key)
            {
                if (members.IsSample && Read(members, stream, path, onBad) is { } sample)
                {
                    yield return sample;
                }
                ended.Add(members.Key);
                members = new Members(key);
            }
            if (ended.Contains(key))
            {
                onBad(new BadSample($"{path}: {entry.Name}", "stands apart from the other members of its sample, which a streamed or gzip tar must hold side by side (tar --sort=name); a plain tar need not"));
                members = new Members("");
                continue;
            }
            var content = entry.Size <= Members.MaxBytes(extension) ? stream.Take(entry) : null;
            Add(members, extension, entry with { Content = content }, path, onBad);
        }
        stream.RequireEnd();
        if (members.IsSample && Read(members, stream, path, onBad) is { } last)
        {
            yield return last;
        }
    }

    /// <summary>Members by key, in order of first appearance: they need not stand side by side.</summary>
    private static IEnumerable<Members> Group(ShardBytes bytes, string path, Action<BadSample> onBad)
    {
        var groups = new Dictionary<string, Members>(StringComparer.Ordinal);
        var order = new List<Members>();
        foreach (var (key, extension, entry) in NamedMembers(bytes, path, onBad))
        {
            if (!groups.TryGetValue(key, out var members))
            {
                groups.Add(key, members = new Members(key));
                order.Add(members);
            }
            Add(members, extension, entry, path, onBad);
        }
        return order.Where(members => members.IsSample);
    }

    private static void Add(Members members, string extension, TarEntry entry, string path, Action<BadSample> onBad)
    {
        if (!members.Add(extension, entry))
        {
            onBad(new BadSample($"{path}: {entry.Name}", "stands twice in this shard; the first one is used"));
        }
    }

    /// <summary>The members that can belong to samples, with key and lower-case extension.</summary>
    public static IEnumerable<(string Key, string Extension, TarEntry Entry)> NamedMembers(ITarBytes bytes, string path, Action<BadSample> onBad)
    {
        foreach (var entry in new TarIndex(bytes).Entries(remark => onBad(new BadSample(path, remark, Kept: true))))
        {
            if (SplitName(entry.Name, out var key, out var extension) is { } problem)
            {
                onBad(new BadSample($"{path}: {entry.Name}", problem));
            }
            else if (key.Length > 0)
            {
                yield return (key, extension, entry);
            }
        }
    }

    /// <summary>Key and lower-case extension; an empty key for members that are none of a sample's; a problem for names that point outside.</summary>
    private static string? SplitName(string name, out string key, out string extension)
    {
        key = extension = "";
        while (name.StartsWith("./", StringComparison.Ordinal))
        {
            name = name[2..];
        }
        if (name.StartsWith('/') || name.Split('/').Contains(".."))
        {
            return "the member's name points outside the archive";
        }
        var file = name.LastIndexOf('/') + 1;
        var dot = name.IndexOf('.', file);
        if (dot > file) // hidden files and files without an extension belong to no sample
        {
            key = name[..dot];
            extension = name[(dot + 1)..].ToLowerInvariant();
        }
        return null;
    }

    private Sample? Read(Members members, ITarBytes bytes, string path, Action<BadSample> onBad)
    {
        var origin = $"{path}: {members.Key}";
        if (members.Image is not { } member)
        {
            onBad(new BadSample(origin, $"has no image (one of {string.Join(", ", ImageExtensions)})", Cause: BadSampleCause.NoImage));
            return null;
        }
        var remarks = new List<string>();
        try
        {
            using var json = members.Json is { } entry ? JsonDocument.Parse(CaptionBytes(bytes, entry)) : null;
            var text = members.Text is { } textEntry ? new UTF8Encoding(false, true).GetString(CaptionBytes(bytes, textEntry)) : null;
            var found = captions.Read(json?.RootElement, text, remarks);
            foreach (var remark in remarks)
            {
                onBad(new BadSample(origin, remark, Kept: true));
            }
            return new Sample(members.Key, $"{path}: {member.Name}", found, Image(member, bytes, path));
        }
        catch (Exception e) when (e is BadRecordException or JsonException or DecoderFallbackException or InvalidOperationException)
        {
            // InvalidOperationException: a JSON string that is not valid Unicode.
            onBad(new BadSample(origin, e is BadRecordException ? e.Message : "its captions cannot be read: " + e.Message, Cause: (e as BadRecordException)?.Cause ?? BadSampleCause.BadRecord));
            return null;
        }
    }

    private static IImageBytes Image(TarEntry member, ITarBytes bytes, string path) => bytes switch
    {
        ShardStream when member.Content is null => throw new BadRecordException($"'{member.Name}' has {member.Size} bytes; images of more than {FileImage.MaxBytes} are refused"),
        ShardStream => new MemoryImage(member.Content),
        _ => new FileImage(path, member.Offset, member.Size),
    };

    public static byte[] CaptionBytes(ITarBytes bytes, TarEntry entry)
    {
        if (entry.Size > MaxCaptionBytes)
        {
            throw new BadRecordException($"'{entry.Name}' has {entry.Size} bytes; captions of more than {MaxCaptionBytes} are refused");
        }
        if (entry.Content is not null)
        {
            return entry.Content;
        }
        var content = new byte[entry.Size];
        bytes.Read(entry.Offset, content);
        return content;
    }

    private sealed class Members(string key)
    {
        public string Key { get; } = key;

        public TarEntry? Image { get; private set; }

        public TarEntry? Json { get; private set; }

        public TarEntry? Text { get; private set; }

        /// <summary>Members of other kinds alone (a class label, an embedding) are not a broken sample.</summary>
        public bool IsSample => Image is not null || Json is not null || Text is not null;

        /// <summary>So many bytes a member of this extension may have to be read; -1 where none are.</summary>
        public static long MaxBytes(string extension) => ImageExtensions.Contains(extension) ? FileImage.MaxBytes : extension is "json" or "txt" ? MaxCaptionBytes : -1;

        /// <summary>False where the place is taken.</summary>
        public bool Add(string extension, TarEntry entry)
        {
            if (ImageExtensions.Contains(extension))
            {
                return Take(Image, () => Image = entry);
            }
            return extension switch
            {
                "json" => Take(Json, () => Json = entry),
                "txt" => Take(Text, () => Text = entry),
                _ => true,
            };
        }

        private static bool Take(TarEntry? taken, Action take)
        {
            if (taken is not null)
            {
                return false;
            }
            take();
            return true;
        }
    }
}
