namespace Llm2Clip.Weights;

/// <summary>
/// Which of a file's tensors are a family's vision tower. Files of the tower alone may lack the prefix; files of a whole model hold a text
/// half besides. Writing uses the names with the prefix, as published files have them.
/// </summary>
/// <param name="Prefix">What precedes the tower's names, with its dot.</param>
/// <param name="TowerParts">Beginnings of the tower's names behind the prefix.</param>
/// <param name="Others">Beginnings of the names of what a whole model holds besides.</param>
/// <param name="Buffers">Ends of the names of what older versions stored though it follows from the sizes.</param>
internal sealed record WeightNames(
    string Prefix, IReadOnlyList<string> TowerParts, IReadOnlyList<string> Others, IReadOnlyList<string> Buffers)
{
    /// <summary>The model's name for each stored name; null for a tensor that is known and not wanted.</summary>
    public Func<string, string?> Reader(IReadOnlyList<string> stored)
    {
        var bare = !stored.Any(name => name.StartsWith(Prefix, StringComparison.Ordinal));
        return name => StartsWithOne(name, Others) || Buffers.Any(end => name.EndsWith(end, StringComparison.Ordinal)) ? null
            : bare && StartsWithOne(name, TowerParts) ? Prefix + name
            : name;
    }

    private static bool StartsWithOne(string name, IReadOnlyList<string> parts) =>
        parts.Any(part => name.StartsWith(part, StringComparison.Ordinal));
}
