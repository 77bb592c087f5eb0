using System.Text;
using System.Text.Json;
using Llm2Clip.Images;

namespace Llm2Clip.Data.WebDataset;

/// <summary>
/// WebDataset tars: the members <c>KEY.jpg</c> (jpeg, png, webp, gif, ...) and <c>KEY.json</c> and/or <c>KEY.txt</c> make a sample
/// (<see cref="KeyMembers"/>). Headers and captions are read, images only when asked for. From a stream (<see cref="ShardStream"/>:
/// commands, standard input, gzip shards) images travel with their samples.
/// </summary>
internal sealed class WebDatasetSource(string pattern, IReadOnlyList<string> shards, CaptionReader captions) : ISampleSource
{
    /// <summary>A caption member beyond this is refused.</summary>
    private const long MaxCaptionBytes = 16 << 20;

    public string Description => $"{pattern} (WebDataset, {shards.Count} shard{(shards.Count == 1 ? "" : "s")})";

    public int ShardCount => shards.Count;

    public string ShardName(int shard) => shards[shard];

    public IEnumerable<Sample> ReadShard(int shard, Action<BadSample> onBad, CancellationToken cancellation = default) =>
        ShardStream.Takes(shards[shard]) ? ReadStream(shards[shard], onBad, cancellation) : ReadFile(shards[shard], onBad);

    private IEnumerable<Sample> ReadFile(string path, Action<BadSample> onBad)
    {
        using var bytes = ShardBytes.Open(path);
        foreach (var key in Group(bytes, path, onBad))
        {
            foreach (var sample in Read(key, bytes, path, onBad))
            {
                yield return sample;
            }
        }
    }

    /// <summary>Members of a sample must be side by side here: the next key ends a sample.</summary>
    private IEnumerable<Sample> ReadStream(string path, Action<BadSample> onBad, CancellationToken cancellation)
    {
        using var stream = ShardStream.Open(path, cancellation);
        var ended = new HashSet<string>(StringComparer.Ordinal);
        var (open, stem) = (new KeyMembers(""), "");
        foreach (var (name, entry) in Members(stream, path, onBad, captions.TextExtension))
        {
            if (name.Key != open.Key)
            {
                foreach (var sample in Read(open, stream, path, onBad))
                {
                    yield return sample;
                }
                ended.Add(open.Key);
                (open, stem) = (new KeyMembers(name.Key), name.Key);
            }
            else if (name.Stem != stem && name.Role != MemberRole.Other)
            {
                if (open.End(stem) is { } complete && Read(complete, stream, path, onBad) is { } sample)
                {
                    yield return sample;
                }
                _ = stem.Length > open.Key.Length && ended.Add(stem);
                stem = name.Stem;
            }
            if (ended.Contains(name.Key) || ended.Contains(name.Stem))
            {
                onBad(new BadSample($"{path}: {entry.Name}", "is apart from the other members of its sample, "
                    + "which a streamed or gzip tar must hold side by side (tar --sort=name); a plain tar need not"));
                (open, stem) = ended.Contains(name.Key) ? (new KeyMembers(""), "") : (open, stem);
                continue;
            }
            var content = entry.Size <= MaxBytes(name.Role) ? stream.Take(entry) : null;
            Add(open, name, entry with { Content = content }, path, onBad);
        }
        foreach (var last in Read(open, stream, path, onBad))
        {
            yield return last;
        }
    }

    /// <summary>Members by key, in order of first appearance: they need not be side by side.</summary>
    private List<KeyMembers> Group(ShardBytes bytes, string path, Action<BadSample> onBad)
    {
        var groups = new Dictionary<string, KeyMembers>(StringComparer.Ordinal);
        var order = new List<KeyMembers>();
        foreach (var (name, entry) in Members(bytes, path, onBad, captions.TextExtension))
        {
            if (!groups.TryGetValue(name.Key, out var members))
            {
                groups.Add(name.Key, members = new KeyMembers(name.Key));
                order.Add(members);
            }
            Add(members, name, entry, path, onBad);
        }
        return order;
    }

    private static void Add(KeyMembers members, MemberName name, TarEntry entry, string path, Action<BadSample> onBad)
    {
        if (members.Add(name, entry) is not { } without)
        {
            return;
        }
        onBad(members.Holds(without.Name)
            ? new BadSample($"{path}: {without.Name}", "occurs twice in this shard; the first one is used")
            : new BadSample($"{path}: {without.Name}", $"is not used: its sample has another {Words(name.Role)}", Kept: true));
    }

    private static string Words(MemberRole role) => role switch { MemberRole.Image => "image", MemberRole.Json => "JSON", _ => "text" };

    /// <summary>The members that can belong to samples. What else there is goes to <paramref name="onBad"/>.</summary>
    private static IEnumerable<(MemberName Name, TarEntry Entry)> Members(
        ITarBytes bytes, string path, Action<BadSample> onBad, string text = CaptionReader.TextMember)
    {
        foreach (var entry in new TarIndex(bytes).Entries(remark => onBad(new BadSample(path, remark, Kept: true))))
        {
            if (MemberName.Of(entry.Name, out var problem, text) is { } name)
            {
                yield return (name, entry);
            }
            else
            {
                onBad(problem is null ? Stray(path, entry.Name) : new BadSample($"{path}: {entry.Name}", problem));
            }
        }
    }

    /// <summary>The members with key and lower-case extension as webdataset divides their names, at the first dot.</summary>
    public static IEnumerable<(string Key, string Extension, TarEntry Entry)> NamedMembers(
        ITarBytes bytes, string path, Action<BadSample> onBad) =>
        Members(bytes, path, bad => Pass(bad, onBad)).Select(member => (member.Name.Key, member.Name.Extension, member.Entry));

    private static void Pass(BadSample bad, Action<BadSample> onBad)
    {
        if (bad.Cause != BadSampleCause.NoSample)
        {
            onBad(bad);
        }
    }

    private static BadSample Stray(string path, string member) =>
        new($"{path}: {member}", "belongs to no sample", Kept: true, BadSampleCause.NoSample);

    private IEnumerable<Sample> Read(KeyMembers key, ITarBytes bytes, string path, Action<BadSample> onBad)
    {
        foreach (var members in key.Samples(member => onBad(Stray(path, member))))
        {
            if (Read(members, bytes, path, onBad) is { } sample)
            {
                yield return sample;
            }
        }
    }

    private Sample? Read(SampleMembers members, ITarBytes bytes, string path, Action<BadSample> onBad)
    {
        var origin = $"{path}: {members.Stem}";
        if (members.Image is not { } member)
        {
            onBad(new BadSample(
                origin, $"has no image (one of {string.Join(", ", ImageFormats.Extensions)})", Cause: BadSampleCause.NoImage));
            return null;
        }
        var remarks = new List<string>();
        try
        {
            using var json = members.Json is { } entry ? RecordJson.Parse(CaptionBytes(bytes, entry)) : null;
            var text = members.Text is { } textEntry ? Text(CaptionBytes(bytes, textEntry)) : null;
            var found = captions.Read(json?.RootElement, text, remarks);
            foreach (var remark in remarks)
            {
                onBad(new BadSample(origin, remark, Kept: true));
            }
            return new Sample(members.Stem, $"{path}: {member.Name}", found, Image(member, bytes, path));
        }
        catch (Exception e) when (e is BadRecordException or JsonException or DecoderFallbackException or InvalidOperationException)
        {
            // InvalidOperationException: a JSON string that is not valid Unicode.
            var reason = e switch
            {
                BadRecordException => e.Message,
                DecoderFallbackException => $"its {captions.TextExtension} member is not UTF-8",
                _ => "its captions cannot be read: " + e.Message,
            };
            onBad(new BadSample(origin, reason, Cause: (e as BadRecordException)?.Cause ?? BadSampleCause.BadRecord));
            return null;
        }
    }

    private static string Text(byte[] bytes)
    {
        var text = bytes.AsSpan();
        return new UTF8Encoding(false, true).GetString(
            text.StartsWith(RecordJson.ByteOrderMark) ? text[RecordJson.ByteOrderMark.Length..] : text);
    }

    private static IImageBytes Image(TarEntry member, ITarBytes bytes, string path) => bytes switch
    {
        ShardStream when member.Content is null => throw new BadRecordException(
            $"'{member.Name}' has {member.Size} bytes; images of more than {FileImage.MaxBytes} are refused"),
        ShardStream => new MemoryImage(member.Content),
        _ => new FileImage(path, member.Offset, member.Size),
    };

    /// <summary>So many bytes a member of a role may have to be read; -1 where none are.</summary>
    private static long MaxBytes(MemberRole role) =>
        role switch { MemberRole.Image => FileImage.MaxBytes, MemberRole.Json or MemberRole.Text => MaxCaptionBytes, _ => -1 };

    /// <summary>The bytes of a caption member. Throws <see cref="BadRecordException"/> where they are too many.</summary>
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
}
