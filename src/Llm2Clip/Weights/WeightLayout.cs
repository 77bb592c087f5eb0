namespace Llm2Clip.Weights;

/// <summary>
/// How files of a layout hold a family's vision tower: names and shapes, and what else may be in them. Files of a whole model hold a text
/// half besides; files of the tower alone may lack the prefix, where the layout allows it. Writing uses the names with the prefix.
/// </summary>
/// <param name="Name">The layout, for messages.</param>
/// <param name="Names">The tower's tensors.</param>
/// <param name="Others">Beginnings of the names of what a whole model holds besides.</param>
/// <param name="Buffers">Ends of the names of what files store though it follows from the sizes.</param>
/// <param name="Prefix">What files of the tower alone may lack before its names, with its dot; empty where they may not.</param>
internal sealed record WeightLayout(
    string Name, NameTable Names, IReadOnlyList<string> Others, IReadOnlyList<string> Buffers, string Prefix = "")
{
    /// <summary>
    /// For each stored name the one it is <paramref name="wanted"/> by; null for a tensor that is known and not wanted; the name itself for
    /// a stranger.
    /// </summary>
    public Func<string, string?> Reader(IReadOnlyList<string> stored, IReadOnlySet<string> wanted)
    {
        var bare = Prefix.Length > 0 && !stored.Any(name => name.StartsWith(Prefix, StringComparison.Ordinal));
        return name => wanted.Contains(name) ? name
            : Others.Any(part => name.StartsWith(part, StringComparison.Ordinal))
                || Buffers.Any(end => name.EndsWith(end, StringComparison.Ordinal)) ? null
            : bare && wanted.Contains(Prefix + name) ? Prefix + name
            : name;
    }
}
