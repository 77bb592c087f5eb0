using Llm2Clip.Data;
using Llm2Clip.Teachers.Store;

namespace Llm2Clip.Teachers.Adapter;

/// <summary>Fits means of languages on plain sentences.</summary>
internal static class MeanFitter
{
    /// <summary>Sentences per language that a mean is taken over where only a data set is named: more change it little.</summary>
    public const int SentencesPerLanguage = 2000;

    /// <summary>
    /// The mean of each text source's sentences; what has no raw vector yet gets one. Sources of one language are taken together. Throws
    /// <see cref="InputException"/> for a source without a sentence of its language.
    /// </summary>
    public static IReadOnlyList<LanguageMean> Fit(
        IReadOnlyList<TextSourceConfig> sources, DataConfig data, RawVectors raw, bool training, IRunLog log,
        CancellationToken cancellation)
    {
        raw.Require(sources.SelectMany(source => Captions(source, data, log, cancellation)), cancellation);
        List<LanguageMean> means = [];
        foreach (var language in sources.GroupBy(source => source.Language))
        {
            var rows = language.SelectMany(source => Captions(source, data, SilentLog.Instance, cancellation))
                .Select(caption => raw.Store.Find(CaptionHash.Of(caption.Text)));
            var names = string.Join(", ", language.Select(source => Name(source, data)));
            try
            {
                var (mean, count) = LanguageMeans.Fit(raw.Store, rows);
                means.Add(new LanguageMean(language.Key, mean, count, names, training));
            }
            catch (InputException error)
            {
                throw new InputException($"{names} holds no sentence of language {language.Key}. Name another text for its mean.", error);
            }
            log.Info($"Mean of {language.Key}: {means[^1].Count:N0} distinct sentences of {names}.");
        }
        return means;
    }

    /// <summary>
    /// Sources for the means of languages that a data set has captions of: the first caption of each image, of
    /// <paramref name="images"/> images per language at most (0 = all captions of all images).
    /// </summary>
    public static IReadOnlyList<TextSourceConfig> Sources(
        string pattern, IEnumerable<string> languages, int images = SentencesPerLanguage) =>
    [
        .. languages.Select(language => new TextSourceConfig
        {
            Path = pattern, Language = language, Limit = images, CaptionsPerGroup = images > 0 ? 1 : 0,
        }),
    ];

    private static IEnumerable<Caption> Captions(TextSourceConfig source, DataConfig data, IRunLog log, CancellationToken cancellation) =>
        CaptionStream.Of(source, data, log, cancellation).SelectMany(group => group.Captions);

    private static string Name(TextSourceConfig source, DataConfig data) =>
        source.Path.Length > 0 ? Path.GetFileName(source.Path) : string.Join(", ", data.TrainPaths.Select(Path.GetFileName));
}
