using System.Text.RegularExpressions;
using static TorchSharp.torch;

namespace Llm2Clip.Weights;

/// <summary>
/// One line of a <see cref="NameTable"/>: a file's name and the model's, whole or up to a dot, as the rest is the same then; <c>*</c> is
/// the number of a block. Several names of the model are parts of one tensor in the file, in that order along the first dimension.
/// </summary>
internal sealed record NameRow(string Stored, params string[] Ours)
{
    /// <summary>Whether the file holds the matrix as (in, out).</summary>
    public bool Transposed { get; init; }

    /// <summary>Dimensions of 1 that the file has before the parameter's own.</summary>
    public int LeadingOnes { get; init; }

    /// <summary>The model's names as patterns: group 1 is what stands for <c>*</c>, the group <c>rest</c> what follows.</summary>
    internal IReadOnlyList<Regex> Patterns { get; } =
    [
        .. Ours.Select(name => new Regex(
            $@"^{Regex.Escape(name).Replace(@"\*", @"(\d+)", StringComparison.Ordinal)}(?<rest>\..+)?$",
            RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1))),
    ];
}

/// <summary>
/// The names and shapes by which a layout of files holds a model's parameters. Read and written by the same lines, so that what is written
/// is read back.
/// </summary>
internal sealed class NameTable(params NameRow[] rows)
{
    /// <summary>A layout that has the model's own names and shapes.</summary>
    public static NameTable Same { get; } = new();

    /// <summary>The file's tensors for a model's parameters, in the order of the parameters.</summary>
    /// <exception cref="ArgumentException">The table has no line for a parameter, or not all parts of a line are there.</exception>
    public IReadOnlyList<StoredWeight> Of(IEnumerable<(string Name, Tensor Weight)> parameters)
    {
        if (rows.Length == 0)
        {
            return [.. parameters.Select(p => new StoredWeight(p.Name, [p.Weight]))];
        }
        var found = new List<(string Name, NameRow Row, Tensor?[] Parts)>();
        foreach (var (name, weight) in parameters)
        {
            var (stored, row, part) = Find(name);
            var at = found.FindIndex(entry => entry.Name == stored);
            if (at < 0)
            {
                at = found.Count;
                found.Add((stored, row, new Tensor?[row.Ours.Length]));
            }
            found[at].Parts[part] = weight;
        }
        return [.. found.Select(entry => new StoredWeight(
            entry.Name,
            [.. entry.Parts.Select(part => part ?? throw new ArgumentException($"{entry.Name} lacks a part.", nameof(parameters)))],
            entry.Row.Transposed,
            entry.Row.LeadingOnes))];
    }

    /// <summary>The file's name of a parameter.</summary>
    /// <exception cref="ArgumentException">The table has no line for it.</exception>
    public string StoredName(string name) => Find(name).Stored;

    private (string Stored, NameRow Row, int Part) Find(string name)
    {
        foreach (var row in rows)
        {
            for (var part = 0; part < row.Patterns.Count; part++)
            {
                var match = row.Patterns[part].Match(name);
                if (match.Success)
                {
                    var stored = row.Stored.Replace("*", match.Groups[1].Value, StringComparison.Ordinal);
                    return (stored + match.Groups["rest"].Value, row, part);
                }
            }
        }
        throw new ArgumentException($"The name table has no line for {name}.", nameof(name));
    }
}
