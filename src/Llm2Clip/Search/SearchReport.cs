using System.Globalization;
using System.Text.Json.Serialization;
using Llm2Clip.Data;

namespace Llm2Clip.Search;

/// <summary>A place by EXIF data, degrees.</summary>
public sealed record ImagePlace(double Latitude, double Longitude)
{
    /// <summary>Such as <c>48.8584 N, 2.2945 E</c>.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Math.Abs(Latitude):0.####} {(Latitude < 0 ? 'S' : 'N')}, {Math.Abs(Longitude):0.####} {(Longitude < 0 ? 'W' : 'E')}");
}

/// <summary>An image that answers a query.</summary>
public sealed record SearchHit
{
    /// <summary>From 1.</summary>
    public required int Rank { get; init; }

    /// <summary>Cosine of the image's vector and the query's; of a query of several terms, the sum of theirs by weight.</summary>
    public required double Score { get; init; }

    /// <summary>The file; of an image inside a shard, the shard and its name there.</summary>
    public required string Path { get; init; }

    /// <summary>Whether <see cref="Path"/> is a file that holds this image and nothing else.</summary>
    public required bool IsFile { get; init; }

    /// <summary>Whether <see cref="Path"/> is a file that is not there any more.</summary>
    public required bool IsGone { get; init; }

    /// <summary>When the photo was taken by its EXIF data, the camera's own time; null where they do not say.</summary>
    public DateTime? Taken { get; init; }

    /// <summary>Where it was taken.</summary>
    public ImagePlace? Place { get; init; }

    /// <summary>Pixels, upright.</summary>
    public required int Width { get; init; }

    /// <summary>Pixels, upright.</summary>
    public required int Height { get; init; }

    /// <summary>Captions that came with the image.</summary>
    public required IReadOnlyList<Caption> Captions { get; init; }

    /// <summary>Paths of images that look like it, which are not shown on their own.</summary>
    public required IReadOnlyList<string> Alike { get; init; }

    /// <summary>WebP.</summary>
    [JsonIgnore]
    public byte[] Thumbnail { get; init; } = [];
}

/// <summary>Seconds that a search took.</summary>
/// <param name="Index">Opening the index.</param>
/// <param name="Student">Loading the student.</param>
/// <param name="Teacher">Loading the teacher; 0 where no text was searched for.</param>
/// <param name="Query">Vectors of the query's terms.</param>
/// <param name="Search">Scores of all images, and reading what was found.</param>
public sealed record SearchTimes(double Index, double Student, double Teacher, double Query, double Search);

/// <summary>The answer of an index to a query.</summary>
public sealed record SearchReport
{
    /// <summary>Folder of the index.</summary>
    public required string Index { get; init; }

    /// <summary>Images in it.</summary>
    public required long Images { get; init; }

    /// <summary>What was searched for.</summary>
    public required IReadOnlyList<QueryTerm> Terms { get; init; }

    /// <summary>Language of the sentences; null where the query has none.</summary>
    public string? Language { get; init; }

    /// <summary>What was applied: language, mean, filters.</summary>
    public required IReadOnlyList<string> Notes { get; init; }

    /// <summary>Images, the best first.</summary>
    public required IReadOnlyList<SearchHit> Hits { get; init; }

    /// <summary>How long it took.</summary>
    public required SearchTimes Seconds { get; init; }

    /// <summary>The page that was written; empty where none was.</summary>
    public string Page { get; init; } = "";
}
