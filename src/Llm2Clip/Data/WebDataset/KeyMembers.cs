namespace Llm2Clip.Data.WebDataset;

/// <summary>The members of one sample: those whose names are equal but for a known extension.</summary>
internal sealed class SampleMembers(string stem)
{
    private int _imageRank;

    /// <summary>Key of the sample.</summary>
    public string Stem { get; } = stem;

    public TarEntry? Image { get; private set; }

    public TarEntry? Json { get; private set; }

    public TarEntry? Text { get; private set; }

    /// <summary>Whether there is an image, and something that may hold captions.</summary>
    public bool IsComplete => Image is not null && (Json is not null || Text is not null);

    /// <summary>All members that are there.</summary>
    public IEnumerable<TarEntry> All => new[] { Image, Json, Text }.OfType<TarEntry>();

    /// <summary>Takes a member in. The one that then has no place, this or an earlier one; null where each has one.</summary>
    public TarEntry? Add(MemberName name, TarEntry entry)
    {
        switch (name.Role)
        {
            case MemberRole.Image when Image is null || name.ImageRank < _imageRank:
                var earlier = Image;
                (Image, _imageRank) = (entry, name.ImageRank);
                return earlier;
            case MemberRole.Json when Json is null:
                Json = entry;
                return null;
            case MemberRole.Text when Text is null:
                Text = entry;
                return null;
            default:
                return entry;
        }
    }

    /// <summary>Takes what is missing here from another one. The members that are left there.</summary>
    public IEnumerable<TarEntry> Borrow(SampleMembers other)
    {
        var needsCaptions = Json is null && Text is null;
        var (image, json, text) = (other.Image, other.Json, other.Text);
        if (Image is null && image is not null)
        {
            (Image, image) = (image, null);
        }
        if (needsCaptions)
        {
            (Json, Text, json, text) = (json, text, null, null);
        }
        return new[] { image, json, text }.OfType<TarEntry>();
    }

    /// <summary>Lets go of the bytes of a streamed tar's members, which nobody will ask for.</summary>
    public void ForgetContent() =>
        (Image, Json, Text) = (Image?.WithoutContent(), Json?.WithoutContent(), Text?.WithoutContent());
}

/// <summary>
/// The members of a tar whose names are equal up to the first dot: webdataset's sample. Names with more dots make it several:
/// <c>22.05.jpg</c> with <c>22.05.json</c> is a sample of its own. What is no sample of its own fills what the key lacks
/// (<c>KEY.input.jpg</c> beside <c>KEY.json</c>), or is left over.
/// </summary>
internal sealed class KeyMembers(string key)
{
    private readonly List<string> _others = [];
    private SampleMembers? _exact;
    private OrderedDictionary<string, SampleMembers>? _longer;

    public string Key { get; } = key;

    /// <summary>Adds a member to its sample; what <see cref="SampleMembers.Add"/> returns.</summary>
    public TarEntry? Add(MemberName name, TarEntry entry)
    {
        if (name.Role == MemberRole.Other)
        {
            _others.Add(entry.Name);
            return null;
        }
        if (name.IsExact)
        {
            return (_exact ??= new SampleMembers(Key)).Add(name, entry);
        }
        _longer ??= new(StringComparer.Ordinal);
        if (!_longer.TryGetValue(name.Stem, out var longer))
        {
            _longer.Add(name.Stem, longer = new SampleMembers(name.Stem));
        }
        return longer.Add(name, entry);
    }

    /// <summary>Whether a member of this very name has a place in a sample.</summary>
    public bool Holds(string name) =>
        (_longer?.Values ?? Enumerable.Empty<SampleMembers>()).Append(_exact)
            .Any(members => members is not null && members.All.Any(member => member.Name == name));

    /// <summary>
    /// Ends the sample of a name with several dots, whose last member was read from a stream. The sample where it is complete; else null,
    /// and of its bytes only those stay that the key may still lack.
    /// </summary>
    public SampleMembers? End(string stem)
    {
        if (_longer?.IndexOf(stem) is not (>= 0 and var place))
        {
            return null;
        }
        var ended = _longer.GetAt(place).Value;
        if (ended.IsComplete)
        {
            _longer.RemoveAt(place);
            return ended;
        }
        if (_longer.Values.Take(place).Any(earlier => (earlier.Image is null) == (ended.Image is null)))
        {
            ended.ForgetContent();
        }
        return null;
    }

    /// <summary>
    /// The samples, those that lack something too, and, through <paramref name="onStray"/>, the names of members that belong to none.
    /// </summary>
    public IEnumerable<SampleMembers> Samples(Action<string> onStray)
    {
        if (_exact is null && _longer is null or { Count: 0 })
        {
            _others.ForEach(onStray);
            return [];
        }
        var (complete, partial) = (new List<SampleMembers>(), new List<SampleMembers>());
        foreach (var longer in _longer?.Values ?? Enumerable.Empty<SampleMembers>())
        {
            (longer.IsComplete ? complete : partial).Add(longer);
        }
        if (_exact is null)
        {
            return [.. complete, .. partial];
        }
        foreach (var rest in partial.SelectMany(other => _exact.IsComplete ? other.All : _exact.Borrow(other)).ToList())
        {
            onStray(rest.Name);
        }
        return [.. complete, _exact];
    }
}
