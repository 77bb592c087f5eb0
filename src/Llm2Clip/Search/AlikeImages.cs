using System.Numerics;
using Llm2Clip.Data.Inspection;

namespace Llm2Clip.Search;

/// <summary>Images that were found, the best first, with those that look like it.</summary>
internal readonly record struct FoundGroup(Found Best, IReadOnlyList<long> Alike);

/// <summary>
/// Folds images that look alike, by the rule of <c>data inspect</c>: the same bytes, or perceptual hashes that differ in few bits.
/// </summary>
internal static class AlikeImages
{
    private static readonly InspectConfig Bounds = new();

    /// <summary>Groups, by the order in which their best ones were found.</summary>
    public static IReadOnlyList<FoundGroup> Fold(ImageIndex index, IEnumerable<Found> found)
    {
        var groups = new List<(Found Best, IndexRow Row, List<long> Alike)>();
        foreach (var one in found)
        {
            var row = index.Row(one.Locator);
            var same = groups.Find(group => AreAlike(group.Row, row));
            if (same.Alike is null)
            {
                groups.Add((one, row, []));
            }
            else
            {
                same.Alike.Add(one.Locator);
            }
        }
        return [.. groups.Select(group => new FoundGroup(group.Best, group.Alike))];
    }

    private static bool AreAlike(IndexRow one, IndexRow other) => one.Content == other.Content
        || (one.Looks != PerceptualHash.None && other.Looks != PerceptualHash.None
            && BitOperations.PopCount(one.Coarse ^ other.Coarse) <= Bounds.NearImageBits
            && BitOperations.PopCount(one.Fine ^ other.Fine) <= Bounds.NearImageFineBits);
}
