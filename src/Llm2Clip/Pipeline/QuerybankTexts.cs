using System.Globalization;
using Llm2Clip.Data;
using Llm2Clip.Teachers.Adapter;

namespace Llm2Clip.Pipeline;

/// <summary>The sentences of the querybanks of an evaluation, and what its report says about them.</summary>
/// <param name="ByLanguage">Different sentences of each language that has some.</param>
/// <param name="Notes">How the scores were normalized, and where the sentences come from.</param>
internal sealed record QuerybankTexts(IReadOnlyDictionary<string, IReadOnlyList<string>> ByLanguage, IReadOnlyList<string> Notes)
{
    private const string Key = "eval.querybank.from";

    /// <summary>
    /// Reads the sentences of the evaluated languages; none where <c>eval.querybank.size</c> is 0. Languages that the data set has none of
    /// are named in a warning.
    /// </summary>
    /// <exception cref="ConfigException">No data set is named, or the one that is evaluated.</exception>
    public static QuerybankTexts Of(RunConfig run, IReadOnlyList<string> languages, IRunLog log, CancellationToken cancellation)
    {
        var config = run.Eval.Querybank;
        if (config.Size == 0)
        {
            return new QuerybankTexts(new Dictionary<string, IReadOnlyList<string>>(), []);
        }
        string[] places = [config.From, run.Eval.MeansFrom, run.CcFinetune.MeansFrom];
        var from = Array.Find(places, place => place.Length > 0) ?? throw new ConfigException(
            $"eval.querybank.size is {config.Size}, but no key says where its sentences come from: name a data set with captions, other "
            + $"than the evaluated one, as {Key}.");
        if (from == run.EvaluationData())
        {
            throw new ConfigException(
                $"{Key} names {from}, which is evaluated: a bank of its own captions knows what is asked. Name another data set.");
        }
        var found = OwnMeans.Survey($"{Key}, for the querybanks of languages,", from, run.Data, cancellation).Languages;
        var banks = MeanFitter.Sources(from, found.Where(languages.Contains), config.Size).ToDictionary(
            text => text.Language,
            text => (IReadOnlyList<string>)[.. CaptionStream.Of(text, run.Data, log, cancellation)
                .SelectMany(group => group.Captions).Select(caption => caption.Text).Distinct(StringComparer.Ordinal)]);
        if (languages.Except(banks.Keys).ToList() is { Count: > 0 } without)
        {
            log.Warn($"{from} has no captions in {string.Join(", ", without)}, which therefore have no querybank ({Key}).");
        }
        var sizes = banks.Select(bank => string.Create(CultureInfo.InvariantCulture, $"{bank.Value.Count:N0} sentences in {bank.Key}"));
        var note = string.Create(
            CultureInfo.InvariantCulture,
            $"QB-Norm: text to image by the dynamic inverted softmax (arXiv 2112.12777), temperature {config.Temperature}, over ")
            + $"{string.Join(", ", sizes)} ({Path.GetFileName(from)}); no images, no pairs.";
        return new QuerybankTexts(banks, banks.Count > 0 ? [note] : []);
    }
}
