using Llm2Clip.Data.Loading;
using Llm2Clip.Images;

namespace Llm2Clip.Data.Inspection;

/// <summary>
/// What a data set holds, what of it is broken, and what occurs in it twice, or in a second data set too. Images
/// are read and decoded once, those that are shown a second time. Memory: 36 bytes an image and 37 a caption while reading, about twice
/// that while duplicates are looked for; all else does not grow with the data.
/// </summary>
internal sealed class DataInspection
{
    /// <summary>Version of <see cref="InspectionReport"/>'s layout.</summary>
    public const int Schema = 1;

    private readonly InspectConfig _config;
    private readonly DataConfig _data;
    private readonly int _workers;
    private readonly IRunLog _log;
    private readonly CancellationToken _cancellation;
    private readonly InspectionTables _tables = new();

    private DataInspection(InspectConfig config, DataConfig data, IRunLog log, CancellationToken cancellation)
    {
        (_config, _data, _log, _cancellation) = (config, data, log, cancellation);
        _workers = LoaderConfig.Threads(data.Workers);
    }

    /// <summary>
    /// Reads one data set, or two, and finds what is alike. Folder and time of the report are left to the caller. Throws
    /// <see cref="InputException"/> where a data set is unreadable or empty.
    /// </summary>
    /// <param name="against">A second data set, or null.</param>
    /// <param name="tokens">Counts captions in tokens too; null leaves them out.</param>
    public static InspectionReport Run(
        ISampleSource source, ISampleSource? against, InspectConfig config, DataConfig data, CaptionLengths? tokens, IRunLog log,
        CancellationToken cancellation) =>
        new DataInspection(config, data, log, cancellation).Inspect(source, against, tokens);

    private InspectionReport Inspect(ISampleSource source, ISampleSource? against, CaptionLengths? tokens)
    {
        var pass = new InspectionPass(_config, _data, _tables, tokens, _log);
        List<InspectedSet> sets = [Read(pass, source)];
        var (images, captions) = (_tables.ImageCount, _tables.CaptionCount);
        if (against is not null)
        {
            sets.Add(Read(pass, against));
        }
        var keys = KeyDuplicates.Find(_tables, images, _config.Listed, _cancellation);
        var alike = new ImageDuplicates(images, _config, _workers, _cancellation).Find(_tables);
        var same = new CaptionDuplicates(captions, _config, _tables, _cancellation);
        same.Find();
        var lookup = LookUp(sets, keys, alike, same);
        var texts = new AlikeTexts(same, lookup, _config);
        Scope[] scopes = against is null ? [Scope.Data] : [Scope.Data, Scope.Against, Scope.Between];
        var reports = sets.Select((set, i) => i == 0 ? Scope.Data : Scope.Against).Zip(sets, (scope, set) =>
            ReportParts.Of(set, scope, same, _tables.Languages, _config, tokens?.Limit) with
            {
                RepeatedKeys = ReportParts.Of(keys[scope], lookup),
            }).ToList();
        return new InspectionReport(
            Schema, reports[0], reports.ElementAtOrDefault(1),
            [.. scopes.Select(scope => new DuplicateReport(scope, ReportParts.Of(alike[scope], lookup), texts.Report(scope)))],
            new InspectionBounds(
                _config.NearImageBits, _config.NearImageFineBits, _config.NearCaptionSimilarity, _config.ContextTokens, tokens?.Limit),
            "", 0);
    }

    private InspectedSet Read(InspectionPass pass, ISampleSource source)
    {
        var set = pass.Read(source, _cancellation);
        return set.Broken.Seen > 0 ? set : throw new InputException($"{source.Description}: holds no record at all. Is it the right file?");
    }

    /// <summary>Names all that is listed, and the texts that may be alike.</summary>
    private Lookup LookUp(List<InspectedSet> sets, IReadOnlyDictionary<Scope, RepeatedKeys> keys,
        IReadOnlyDictionary<Scope, ImageFindings> alike, CaptionDuplicates same)
    {
        var lookup = new Lookup(_data, ContactSheet.Tile * 2);
        foreach (var key in keys.Values.SelectMany(found => found.Listed))
        {
            lookup.WantImage(key.First, shown: false);
            lookup.WantImage(key.Second, shown: false);
        }
        foreach (var kind in alike.Values.SelectMany(findings => findings.Pairs.GroupBy(pair => pair.Likeness)))
        {
            foreach (var (pair, place) in kind.Select((pair, place) => (pair, place)))
            {
                lookup.WantImage(pair.First, place < _config.ShownPairs);
                lookup.WantImage(pair.Second, place < _config.ShownPairs);
            }
        }
        foreach (var text in same.Found.Values.SelectMany(findings => findings.Texts.UnorderedItems))
        {
            lookup.WantCaption(text.Element.Caption);
        }
        foreach (var (_, first, second) in same.Candidates.SelectMany(pair => same.Scopes(pair.First, pair.Second)))
        {
            lookup.WantCaption(first);
            lookup.WantCaption(second);
        }
        sets.ForEach(set => lookup.Read(set, _log, _cancellation));
        return lookup;
    }
}
