using System.Text.Json;
using Llm2Clip.Files;

namespace Llm2Clip.Data.Conversion;

/// <summary>
/// A place between two samples of the source, with the counts of the records before it: reading on from here gives what reading through
/// would.
/// </summary>
/// <param name="Shard">Shard of the source.</param>
/// <param name="Sample">The sample's number among those that the shard gave; -1 = before the shard.</param>
/// <param name="Seen">Records before it, bad ones included.</param>
/// <param name="Bad">Of these, bad ones.</param>
/// <param name="LeftOut">Of these, good ones without a chosen caption.</param>
internal sealed record SourcePosition(int Shard, int Sample, long Seen, long Bad, long LeftOut) : IComparable<SourcePosition>
{
    public static readonly SourcePosition Start = new(0, -1, 0, 0, 0);

    public int CompareTo(SourcePosition? other) => (Shard, Sample).CompareTo((other!.Shard, other.Sample));
}

/// <summary>What is complete of one data set, and where in the source its next shard begins.</summary>
internal sealed record PartProgress(int Shards, long Images, long Captions, SourcePosition Next)
{
    public static readonly PartProgress Nothing = new(0, 0, 0, SourcePosition.Start);
}

/// <summary>
/// The file that makes a conversion resumable: what was asked for, and what of it is complete. A shard counts as complete when it is
/// written here.
/// </summary>
/// <param name="Request">What was asked for, by name; a run with another request is refused.</param>
/// <param name="Finished">Whether everything is written.</param>
/// <param name="Parts">The data sets by name.</param>
internal sealed record ConversionProgress(
    IReadOnlyDictionary<string, string> Request, bool Finished, IReadOnlyDictionary<string, PartProgress> Parts)
{
    /// <summary>Reads the file; null where there is none. Throws <see cref="InputException"/> where it is damaged.</summary>
    public static ConversionProgress? Read(string path)
    {
        if (!File.Exists(path))
        {
            return null;
        }
        try
        {
            return JsonSerializer.Deserialize<ConversionProgress>(File.ReadAllBytes(path), Json.File)
                ?? throw new JsonException("it is null");
        }
        catch (JsonException error)
        {
            throw new InputException($"{path} is damaged: {error.Message} Delete the folder that it lies in together with what was "
                + "written beside it, and convert again.", error);
        }
    }

    /// <summary>Replaces the file. Throws <see cref="IOException"/>.</summary>
    public void Write(string path) => PendingFile.Write(path, JsonSerializer.SerializeToUtf8Bytes(this, Json.File));
}
