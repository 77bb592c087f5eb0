using Llm2Clip.Search;

namespace Llm2Clip.Pipeline;

/// <summary>What is known of an index.</summary>
/// <param name="Index">Its folder.</param>
/// <param name="Images">Images in it.</param>
/// <param name="Removed">Rows of images that were replaced or taken out, which compaction deletes.</param>
/// <param name="Bytes">Size of its files.</param>
/// <param name="Updated">When it was changed last.</param>
/// <param name="Model">The student, and its teacher.</param>
/// <param name="Sources">What it was made of.</param>
public sealed record IndexStatus(
    string Index, long Images, long Removed, long Bytes, DateTimeOffset Updated, IndexModel Model, IReadOnlyList<string> Sources);

/// <summary>The commands <c>index status</c>, <c>index verify</c> and <c>index compact</c>.</summary>
public static class IndexCare
{
    /// <summary>What is in an index. Throws <see cref="InputException"/> where there is none.</summary>
    public static IndexStatus Status(string folder)
    {
        var manifest = IndexManifest.Read(folder);
        return new IndexStatus(
            folder, manifest.Images, manifest.Removed?.Count ?? 0, IndexUpkeep.Size(folder), manifest.Date, manifest.Model,
            [.. manifest.Sources.Select(source => source.Pattern)]);
    }

    /// <summary>Compares every file with its checksum; throws <see cref="InputException"/>, naming them, where some differ.</summary>
    public static IndexStatus Verify(string folder, CancellationToken cancellation)
    {
        var problems = IndexUpkeep.Verify(folder, cancellation);
        return problems.Count == 0
            ? Status(folder)
            : throw new InputException($"{folder} is damaged: {string.Join("; ", problems)}. {ImageIndex.Remedy(folder)}");
    }

    /// <inheritdoc cref="IndexUpkeep.Compact"/>
    public static CompactionReport Compact(string folder, CancellationToken cancellation) => IndexUpkeep.Compact(folder, cancellation);
}
