using System.Diagnostics;
using System.Globalization;
using System.IO.Hashing;
using System.Text;

namespace Llm2Clip.Data.Conversion;

/// <summary>
/// Writes a data set anew: in another format, split into parts, or a sample of it. Captions are mapped onto one layout, images are
/// copied byte by byte. A stopped run resumes and produces byte-identical output.
/// </summary>
internal sealed class DataSetConversion
{
    private static readonly string[] One = ["data"];

    private readonly string _command;
    private readonly ConvertConfig _config;
    private readonly ISampleSource _source;
    private readonly BadSampleTally _tally;
    private readonly IRunLog _log;
    private readonly CancellationToken _cancellation;
    private readonly ChosenSamples _samples;
    private readonly IReadOnlyDictionary<string, string> _request;

    private DataSetConversion(
        string command, ISampleSource source, ConvertConfig config, DataConfig data, IRunLog log, CancellationToken cancellation)
    {
        (_command, _source, _config, _log, _cancellation) = (command, source, config, log, cancellation);
        _tally = new BadSampleTally(source.Description, data.MaxBadShare, log);
        _samples = new ChosenSamples(source, config, _tally);
        _request = Request(command, source, config, data);
        if (source.IsUpright && data.Upright is null && config.Format is DatasetFormat.Webdataset or DatasetFormat.Parquet)
        {
            log.Info("Images are copied as they are, with their EXIF orientation. Set data.upright: true where you use these shards, "
                + "as null means false for shards.");
        }
    }

    /// <summary>
    /// The whole data set in one format. Throws <see cref="InputException"/> for too many bad records, for a folder that holds anything
    /// else and where nothing is left to write, <see cref="RunException"/> where it cannot be written.
    /// </summary>
    public static ConversionResult Convert(
        ISampleSource source, ConvertConfig config, DataConfig data, IRunLog log, CancellationToken cancellation) =>
        new DataSetConversion("convert", source, config, data, log, cancellation).Run(One, () => new EverySample());

    /// <summary>Parts by image, each a data set in a folder of its name. Throws as <see cref="Convert"/>.</summary>
    public static ConversionResult Split(
        ISampleSource source, ConvertConfig config, DataConfig data, IRunLog log, CancellationToken cancellation)
    {
        var parts = config.Parts.OrderBy(part => part.Key, StringComparer.Ordinal).ToList();
        return new DataSetConversion("split", source, config, data, log, cancellation)
            .Run([.. parts.Select(part => part.Key)], () => new SplitByImage([.. parts.Select(part => part.Value)], config.Seed));
    }

    /// <summary>
    /// As many images as asked for, drawn without replacement, in the order of the source. Throws as <see cref="Convert"/>.
    /// </summary>
    public static ConversionResult Sample(
        ISampleSource source, ConvertConfig config, DataConfig data, IRunLog log, CancellationToken cancellation)
    {
        var result = new DataSetConversion("sample", source, config, data, log, cancellation).Run(One, () =>
        {
            using var progress = log.Start("draw", source.ShardCount, "shards");
            var tally = new BadSampleTally(source.Description, data.MaxBadShare, SilentLog.Instance); // The second pass names what is bad.
            var samples = new ChosenSamples(source, config, tally).From(SourcePosition.Start, () => progress.Advance(1), cancellation);
            return SampleDraw.Of(samples.Select(item => { tally.AddGood(); return item; }), config.Count, config.Seed);
        });
        if (result.Parts[0].Images < config.Count)
        {
            log.Warn($"{config.Count:N0} images were asked for, {result.Parts[0].Images:N0} written: the data has no more, or some that "
                + "were drawn cannot be read.");
        }
        return result;
    }

    /// <summary>What decides which bytes come out; two runs that differ in any of it must not share a folder.</summary>
    private static Dictionary<string, string> Request(string command, ISampleSource source, ConvertConfig config, DataConfig data)
    {
        var shards = new XxHash128();
        for (var shard = 0; shard < source.ShardCount; shard++)
        {
            shards.Append(Encoding.UTF8.GetBytes(source.ShardName(shard) + "\n"));
        }
        var request = new Dictionary<string, string>
        {
            ["command"] = command,
            ["data"] = source.Description,
            ["files"] = System.Convert.ToHexStringLower(shards.GetCurrentHash()),
            ["format"] = DatasetFormats.Name(config.Format),
            ["samples_per_shard"] = Number(config.SamplesPerShard),
            ["shard_mb"] = Number(config.ShardMb),
            ["languages"] = List(config.Languages),
            ["kinds"] = List(config.Kinds.Select(CaptionKinds.Name)),
            ["captions without language"] = $"{data.Language}/{Kind(data.Kind)}",
            ["image_root"] = data.ImageRoot,
            ["text_lines"] = $"{data.TextLines}",
            ["image_key"] = data.ImageKey,
            ["caption_keys"] = List(data.CaptionKeys.Select(key => $"{key.Key}:{key.Language}:{Kind(key.Kind)}")),
        };
        if (data.JoinCaptions)
        {
            request["join_captions"] = "true";
        }
        if (command == "split")
        {
            request["parts"] = List(config.Parts.OrderBy(part => part.Key, StringComparer.Ordinal)
                .Select(part => $"{part.Key}={part.Value.ToString("R", CultureInfo.InvariantCulture)}"));
        }
        if (command == "sample")
        {
            request["count"] = Number(config.Count);
        }
        if (command != "convert")
        {
            request["seed"] = Number(config.Seed);
        }
        return request;
    }

    private static string List(IEnumerable<string> items) => $"[{string.Join(", ", items)}]";

    private static string Kind(CaptionKind? kind) => kind is { } named ? CaptionKinds.Name(named) : "";

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);

    private ConversionResult Run(IReadOnlyList<string> names, Func<SampleSelection> select)
    {
        var clock = Stopwatch.StartNew();
        var writer = DatasetFormats.Find(_config.Format)!.Writer!; // The config was checked: there is one.
        using var folder = ConversionFolder.Open(_config.To, _request, names);
        var parts = new List<PartWriter>();
        try
        {
            foreach (var name in names)
            {
                parts.Add(new PartWriter(name, folder, writer, Place(folder, name), _config));
            }
            var kept = parts.Sum(part => part.Written.Images);
            if (folder.Progress.Finished)
            {
                _log.Info($"{_config.To} is complete; nothing is written.");
            }
            else
            {
                if (kept > 0)
                {
                    _log.Info($"Going on: {kept:N0} images in {parts.Sum(part => part.Written.Shards):N0} complete shards are kept.");
                }
                Copy(parts, select());
                parts.ForEach(part => part.Finish());
                folder.Finish();
            }
            parts.ForEach(part => part.CleanUp());
            var end = parts[0].Next;
            return new ConversionResult(_config.To, _config.Format, [.. parts.Select(part => part.Written)], end.Seen, end.Bad, end.LeftOut,
                kept, clock.Elapsed.TotalSeconds);
        }
        finally
        {
            parts.ForEach(part => part.Dispose());
        }
    }

    private DatasetPlace Place(ConversionFolder folder, string part) => _command == "split"
        ? new DatasetPlace(Path.Combine(folder.Root, part), part, part, folder.PartsOf(part))
        : new DatasetPlace(folder.Root, part, "train", folder.PartsOf(part));

    private void Copy(List<PartWriter> parts, SampleSelection selection)
    {
        var start = parts.Min(part => part.Next)!;
        var copied = 0L;
        using (var progress = _log.Start(_command, _source.ShardCount - start.Shard, "shards"))
        {
            foreach (var (sample, at) in _samples.From(start, () => progress.Advance(1), _cancellation))
            {
                if (!selection.Takes(sample, at))
                {
                    _tally.AddGood();
                }
                else if (Image(sample) is { } image)
                {
                    _tally.AddGood();
                    parts[selection.PartOf(image)].Add(sample, image, at);
                    progress.Advance(0, $"{++copied:N0} images");
                }
            }
        }
        var end = new SourcePosition(_source.ShardCount, -1, _tally.Seen, _tally.Bad, _samples.LeftOut);
        _tally.Finish();
        parts.ForEach(part => part.Complete(end));
        if (parts.Sum(part => part.Written.Images) == 0)
        {
            var others = _samples.OtherLanguages.Count > 0
                ? $" Languages of their captions: {string.Join(", ", _samples.OtherLanguages)} (convert.languages, convert.kinds)."
                : "";
            throw new InputException(
                $"{_source.Description}: nothing is left to write; of {end.Seen:N0} records {end.Bad:N0} are bad and {end.LeftOut:N0} have "
                + $"no caption in the chosen languages and kinds.{others}");
        }
        foreach (var empty in parts.Where(part => part.Written.Images == 0))
        {
            _log.Warn($"No image went to {empty.Written.Name}: the data set is too small for its share.");
        }
    }

    /// <summary>The encoded image, or null where it is bad.</summary>
    private byte[]? Image(Sample sample)
    {
        try
        {
            var image = sample.Image.Read();
            if (image.Length > 0)
            {
                return image;
            }
            _tally.AddBad(new BadSample(sample.Origin, "its image is empty", Cause: BadSampleCause.EmptyImage));
        }
        catch (InputException error)
        {
            _tally.AddBad(BadSample.Of(sample, error));
        }
        return null;
    }
}
