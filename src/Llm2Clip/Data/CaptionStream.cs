using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Llm2Clip.Data.Lists;
using Llm2Clip.Data.Lists.Records;

namespace Llm2Clip.Data;

/// <summary>Texts without images: more training pairs, or plain sentences of a language.</summary>
public sealed record TextSourceConfig
{
    [Description("Plain text (one sentence per line), .jsonl with `captions` as in the data set (one line per image), either with .gz "
        + "behind it; or a data pattern (tars); empty = data.train.")]
    public string Path { get; init; } = "";

    [Description("Language label that is taken from it; in plain text, the language of all lines.")]
    public string Language { get; init; } = "en";

    [Description("Groups (lines, images) read at most, from the start; 0 = all.")]
    [Range(0, int.MaxValue)]
    public int Limit { get; init; }

    [Description("Captions taken of each group at most, from the first; 0 = all.")]
    [Range(0, int.MaxValue)]
    public int CaptionsPerGroup { get; init; }
}

/// <summary>The captions that belong together: those of one image.</summary>
internal readonly record struct CaptionGroup(string Key, IReadOnlyList<Caption> Captions);

/// <summary>Reads captions alone, group by group, from data sets and text files. Nothing is held in memory.</summary>
internal static class CaptionStream
{
    /// <summary>Characters of a line in a text file at most.</summary>
    private const int MaxLine = 16 << 20;

    /// <summary>
    /// Captions of a data set; bad samples are counted in <paramref name="tally"/>, which ends the run past the configured share.
    /// </summary>
    public static IEnumerable<CaptionGroup> Of(ISampleSource source, BadSampleTally tally, CancellationToken cancellation = default)
    {
        for (var shard = 0; shard < source.ShardCount; shard++)
        {
            foreach (var sample in source.ReadShard(shard, tally.AddBad, cancellation))
            {
                tally.Add(sample);
                yield return new CaptionGroup(sample.Key, sample.Captions);
            }
        }
    }

    /// <summary>Captions of a data set in the named languages and kinds (all where none is named), with what was bad in the log.</summary>
    public static IEnumerable<CaptionGroup> Of(ISampleSource source, DataConfig data, IReadOnlyList<string> languages,
        IReadOnlyList<CaptionKind> kinds, IRunLog log, CancellationToken cancellation = default)
    {
        var tally = new BadSampleTally(source.Description, data.MaxBadShare, log);
        foreach (var group in Select(Of(source, tally, cancellation), languages, kinds))
        {
            yield return group;
        }
        tally.Finish();
    }

    /// <summary>Groups with the captions of the named languages and kinds; empty lists mean all; groups without any are left out.</summary>
    public static IEnumerable<CaptionGroup> Select(
        IEnumerable<CaptionGroup> groups, IReadOnlyList<string> languages, IReadOnlyList<CaptionKind> kinds)
    {
        foreach (var (key, captions) in groups)
        {
            var kept = captions.Where(
                c => (languages.Count == 0 || languages.Contains(c.Language)) && (kinds.Count == 0 || kinds.Contains(c.Kind))).ToList();
            if (kept.Count > 0)
            {
                yield return new CaptionGroup(key, kept);
            }
        }
    }

    /// <summary>
    /// Captions of a text source in its language. Throws <see cref="InputException"/>, naming file and line, for what is not readable.
    /// </summary>
    public static IEnumerable<CaptionGroup> Of(
        TextSourceConfig config, DataConfig data, IRunLog log, CancellationToken cancellation = default)
    {
        var path = config.Path.Length > 0 ? config.Path : data.Train; // empty where data.train_sets names several
        var name = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? path[..^3] : path;
        var groups = name switch
        {
            _ when name.EndsWith(".txt", StringComparison.OrdinalIgnoreCase) => Lines(path).Select(l =>
                new CaptionGroup($"{path}:{l.Number}", [new Caption(l.Text, config.Language, CaptionKind.Short)])),
            _ when name.EndsWith(".jsonl", StringComparison.OrdinalIgnoreCase) && !CrossmodalList.Is(new FileHead(path)) =>
                Records(path, data),
            // Callers read a source several times and name it themselves.
            "" => Of(Datasets.OpenTrain(data, SilentLog.Instance), data, [config.Language], [], log, cancellation),
            _ => Of(Datasets.Open(path, data.Of(path), SilentLog.Instance), data, [config.Language], [], log, cancellation),
        };
        var selected = Select(groups, [config.Language], []);
        if (config.CaptionsPerGroup > 0)
        {
            selected = selected.Select(group => group with { Captions = [.. group.Captions.Take(config.CaptionsPerGroup)] });
        }
        return config.Limit > 0 ? selected.Take(config.Limit) : selected;
    }

    private static IEnumerable<CaptionGroup> Records(string path, DataConfig data)
    {
        var reader = new CaptionReader(data);
        var remarks = new List<string>();
        foreach (var (line, number) in Lines(path))
        {
            CaptionGroup group;
            try
            {
                using var json = RecordJson.Parse(Encoding.UTF8.GetBytes(line));
                remarks.Clear();
                var captions = reader.Read(json.RootElement, null, remarks);
                group = new CaptionGroup(JsonFields.Text(json.RootElement, "key") ?? $"{path}:{number}", captions);
            }
            catch (Exception error) when (error is JsonException or BadRecordException or InvalidOperationException)
            {
                // InvalidOperationException: a text that is not Unicode.
                throw new InputException(
                    $"{path}, line {number}: {error.Message}. Each line is an object such as {{\"captions\": {{\"en\": "
                    + $"[\"...\"]}}}}.", error);
            }
            yield return group;
        }
    }

    /// <summary>Lines that are not blank, trimmed, with their numbers from 1; .gz is unpacked on the way.</summary>
    internal static IEnumerable<(string Text, int Number)> Lines(string path)
    {
        if (!File.Exists(path))
        {
            throw new InputException($"There is no text file {path}.");
        }
        using Stream stream = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase)
            ? new GZipStream(File.OpenRead(path), CompressionMode.Decompress)
            : File.OpenRead(path);
        using var reader = new StreamReader(stream, new UTF8Encoding(false, throwOnInvalidBytes: true));
        var characters = new StringBuilder();
        for (var number = 1; ; number++)
        {
            string? line;
            try
            {
                line = ReadLine(reader, characters);
            }
            catch (InvalidDataException error)
            {
                throw new InputException($"{path} is damaged near line {number}: {error.Message}", error);
            }
            catch (DecoderFallbackException error)
            {
                throw new InputException($"{path}: not valid UTF-8 near line {number}. {CsvList.HowToConvert}.", error);
            }
            if (line is null)
            {
                yield break;
            }
            if (line.Length > MaxLine)
            {
                throw new InputException($"{path}: line {number} is longer than {MaxLine:N0} characters. Is this a text with one "
                    + "sentence (or object) per line?");
            }
            if (line.Trim() is { Length: > 0 } text)
            {
                yield return (text, number);
            }
        }
    }

    /// <summary>
    /// As <see cref="TextReader.ReadLine"/>, but a line that is too long ends behind <see cref="MaxLine"/>: a small gzip file may unpack
    /// to any length.
    /// </summary>
    private static string? ReadLine(StreamReader reader, StringBuilder into)
    {
        into.Clear();
        for (int next; (next = reader.Read()) >= 0 && into.Length <= MaxLine; into.Append((char)next))
        {
            if (next is '\n' or '\r')
            {
                if (next == '\r' && reader.Peek() == '\n')
                {
                    _ = reader.Read();
                }
                return into.ToString();
            }
        }
        return into.Length == 0 ? null : into.ToString();
    }
}
