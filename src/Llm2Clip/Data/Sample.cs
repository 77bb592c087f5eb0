using Llm2Clip.Images;

namespace Llm2Clip.Data;

/// <summary>What a caption is: a short one-liner, a dense paragraph, or the raw alt text that came with the image.</summary>
public enum CaptionKind
{
    /// <summary>A sentence, as people write it below a photo.</summary>
    Short,

    /// <summary>Several sentences that describe the image densely, mostly by a model.</summary>
    Long,

    /// <summary>What stood beside the image where it was found, such as alt text.</summary>
    Raw,
}

/// <summary>One caption. <paramref name="Language"/> is the data set's own label, such as <c>en</c>, <c>zh</c> or <c>zh-mt</c>.</summary>
public sealed record Caption(string Text, string Language, CaptionKind Kind);

/// <summary>
/// One image with its captions, as every source gives it.
/// </summary>
/// <param name="Key">Unique name of the image within the data set.</param>
/// <param name="Origin">Where it was read, for messages: shard and member, or file and line.</param>
/// <param name="Captions">All captions, in the order of the source.</param>
/// <param name="Image">The encoded image, read when asked for; reading costs I/O, so captions alone are cheap.</param>
public sealed record Sample(string Key, string Origin, IReadOnlyList<Caption> Captions, IImageBytes Image);

/// <summary>The encoded bytes (jpg, png, webp) of one image, fetched on demand.</summary>
public interface IImageBytes
{
    /// <summary>Reads the encoded image. Throws <see cref="InputException"/>, naming the origin, where it cannot be read.</summary>
    byte[] Read();

    /// <summary>Memory that the encoded image takes for as long as its sample lives, bytes; 0 where it stays in a file.</summary>
    long HeldBytes => 0;

    /// <summary>The file that holds this image and nothing else; null where there is none.</summary>
    string? File => null;
}

/// <summary>
/// A data set as a list of shards that can be read independently and in any order. Readers of samples know this interface only.
/// </summary>
public interface ISampleSource
{
    /// <summary>What it is, for logs: pattern and format.</summary>
    string Description { get; }

    /// <summary>
    /// Whether images are turned as their EXIF orientation says where <c>data.upright</c> does not decide: they are the files of a person,
    /// and not what a training pipeline wrote, as those in shards are.
    /// </summary>
    bool IsUpright => false;

    /// <summary>Shards in a fixed order (tars, or chunks of list files).</summary>
    int ShardCount { get; }

    /// <summary>Name of a shard for messages.</summary>
    string ShardName(int shard);

    /// <summary>
    /// The samples of one shard in stored order. A bad record is reported through <paramref name="onBad"/> and left out. Throws
    /// <see cref="InputException"/> where the shard itself cannot be read. <paramref name="cancellation"/> ends the wait for a shard that
    /// comes from a command or standard input; files are read without a look at it.
    /// </summary>
    IEnumerable<Sample> ReadShard(int shard, Action<BadSample> onBad, CancellationToken cancellation = default);
}

/// <summary>
/// A record that could not be used: where it is and why. <paramref name="Kept"/> marks a mere remark: something was wrong
/// (such as one empty caption of five), but the sample itself was given out and does not count as bad.
/// </summary>
public sealed record BadSample(string Origin, string Reason, bool Kept = false, BadSampleCause Cause = BadSampleCause.BadRecord)
{
    /// <summary>A sample whose image could not be read or decoded.</summary>
    internal static BadSample Of(Sample sample, InputException failure)
    {
        var message = failure.Message;
        var reason = message.StartsWith(sample.Origin + ": ", StringComparison.Ordinal) ? message[(sample.Origin.Length + 2)..] : message;
        return new BadSample(sample.Origin, reason.TrimEnd('.'), Cause: (failure as ImageException)?.Problem switch
        {
            ImageProblem.Empty => BadSampleCause.EmptyImage,
            ImageProblem.NotAnImage => BadSampleCause.NotAnImage,
            ImageProblem.TooLarge => BadSampleCause.TooLarge,
            ImageProblem.Damaged => BadSampleCause.DamagedImage,
            _ => BadSampleCause.NoImage,
        });
    }
}

/// <summary>Why a record could not be used, for counting.</summary>
public enum BadSampleCause
{
    /// <summary>The record itself is damaged or makes no sense.</summary>
    BadRecord,

    /// <summary>It has no caption, or empty ones alone.</summary>
    NoCaption,

    /// <summary>It has no image, or names one that cannot be found or read.</summary>
    NoImage,

    /// <summary>The image has no bytes.</summary>
    EmptyImage,

    /// <summary>The bytes are of no image format that is read.</summary>
    NotAnImage,

    /// <summary>The image declares more pixels than are allowed.</summary>
    TooLarge,

    /// <summary>The image is cut short or damaged.</summary>
    DamagedImage,

    /// <summary>A member of a tar that belongs to no sample; a remark (<see cref="BadSample.Kept"/>), counted apart.</summary>
    NoSample,
}
