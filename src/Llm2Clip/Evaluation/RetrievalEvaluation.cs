using Llm2Clip.Data;
using Llm2Clip.Data.Inspection;
using Llm2Clip.Data.Loading;
using Llm2Clip.Images;
using Llm2Clip.Randomness;
using Llm2Clip.Teachers.Adapter;

namespace Llm2Clip.Evaluation;

/// <summary>Image features [count, dim] of a batch of images, un-normalized, row-major.</summary>
internal delegate float[] EmbedImages(SampleBatch batch);

/// <summary>
/// Text features [count, dim] of captions of a language, un-normalized, row-major; <paramref name="mode"/> says which mean was taken out.
/// </summary>
internal delegate float[] EmbedCaptions(IReadOnlyList<string> texts, string language, CenteringMode mode);

/// <summary>The images of a data set, encoded once, with their captions: what captions of any language are scored against.</summary>
internal sealed class EncodedImages
{
    private EncodedImages(IReadOnlyList<Sample> samples, VectorSet vectors, DecodeOptions decode)
    {
        Samples = samples;
        Vectors = vectors;
        Decode = decode;
    }

    /// <summary>Records whose image could be read, in stored order.</summary>
    public IReadOnlyList<Sample> Samples { get; }

    /// <summary>Normalized image features, one row per record.</summary>
    public VectorSet Vectors { get; }

    /// <summary>How the images were decoded.</summary>
    public DecodeOptions Decode { get; }

    /// <summary>Images that were encoded before: un-normalized features, one row per record.</summary>
    public static EncodedImages Of(IReadOnlyList<Sample> samples, float[] features, DecodeOptions decode) =>
        new(samples, new VectorSet(features, features.Length / samples.Count), decode);

    /// <summary>Encodes all images of a data set. Throws <see cref="InputException"/> where there is none.</summary>
    public static EncodedImages Encode(
        ISampleSource source, LoaderConfig loader, EmbedImages embed, IRunLog log, CancellationToken cancellation = default)
    {
        var samples = new List<Sample>();
        var rows = new List<float[]>();
        using var images = new SampleLoader(source, loader, log);
        using var progress = log.Start("Encode images", 0, "images");
        foreach (var batch in images.Epoch(0, cancellation: cancellation))
        {
            using (batch)
            {
                rows.Add(embed(batch));
                samples.AddRange(batch.Samples);
                progress.Advance(batch.Count);
            }
        }
        RequireSome(samples, source);
        var all = new float[rows.Sum(part => part.Length)];
        var at = 0;
        foreach (var part in rows)
        {
            part.CopyTo(all, at);
            at += part.Length;
        }
        return Of(samples, all, loader.For(source).Decode);
    }

    /// <summary>Throws <see cref="InputException"/> where there is no image.</summary>
    internal static void RequireSome(List<Sample> samples, ISampleSource source)
    {
        if (samples.Count == 0)
        {
            throw new InputException($"{source.Description}: there is no image to evaluate on.");
        }
    }
}

/// <summary>
/// Scores captions of several languages against encoded images: the rows of the recall table and the queries that are shown.
/// </summary>
/// <param name="images">What is searched.</param>
/// <param name="config">Languages, kinds, means, querybank.</param>
/// <param name="embed">Makes features of captions, and of the querybanks' sentences.</param>
/// <param name="banks">Sentences of the querybank of each language; null for none.</param>
internal sealed class RetrievalEvaluation(
    EncodedImages images, RetrievalConfig config, EmbedCaptions embed,
    IReadOnlyDictionary<string, IReadOnlyList<string>>? banks = null)
{
    /// <summary>The mean of rows whose captions lost their own language's.</summary>
    public const string OwnMean = "own";

    /// <summary>The mean of rows whose captions lost the training captions'.</summary>
    public const string TrainingMean = "training";

    /// <summary>The mean of rows of a model that needs no teacher.</summary>
    public const string NoMean = "none";

    /// <summary>Side of the images in the report, pixels.</summary>
    private const int ThumbnailSide = 128;

    private readonly List<RetrievalRow> rows = [];
    private readonly List<ShownQuery> shown = [];
    private readonly List<LengthRow> lengths = [];

    /// <summary>Recall of captions that are cut, by language and length; filled by <see cref="Run"/>.</summary>
    public IReadOnlyList<LengthRow> Lengths => lengths;

    /// <summary>
    /// Rows and shown queries of all languages. <paramref name="hasOwnMean"/> says which languages have a mean of their own beside
    /// the training captions'.
    /// </summary>
    /// <exception cref="InputException">The data has no caption of a language asked for.</exception>
    public (IReadOnlyList<RetrievalRow> Rows, IReadOnlyList<ShownQuery> Shown) Run(Func<string, bool> hasOwnMean)
    {
        var captions = images.Samples.SelectMany(sample => sample.Captions);
        var found = captions.Select(caption => caption.Language).Distinct(StringComparer.Ordinal);
        foreach (var language in Languages(config, [.. found]))
        {
            var modes = Modes(config.Means, hasOwnMean(language));
            foreach (var mode in modes)
            {
                // The better-informed row of a language is the one whose images are shown.
                ScoreLanguage(language, mode, show: mode == modes[^1]);
            }
        }
        return (RetrievalReport.WithShares(rows, config.ReferenceLanguage), shown);
    }

    /// <summary>
    /// The languages that are scored, in the order of the table, of data whose captions are in <paramref name="found"/>. Throws
    /// <see cref="InputException"/> where one that is asked for is not there.
    /// </summary>
    public static IReadOnlyList<string> Languages(RetrievalConfig config, IReadOnlyList<string> found)
    {
        if (config.Languages.Count == 0)
        {
            return
            [
                .. found.OrderBy(language => language == config.ReferenceLanguage ? 0 : 1)
                    .ThenBy(language => language, StringComparer.Ordinal),
            ];
        }
        var missing = config.Languages.Except(found, StringComparer.Ordinal).ToList();
        return missing.Count == 0
            ? config.Languages
            : throw new InputException(
                $"eval.languages: the data has no captions in {string.Join(", ", missing)}; it has {string.Join(", ", found)}.");
    }

    /// <summary>The mean of a row as tables name it.</summary>
    public static string NameOf(CenteringMode mode) => mode == CenteringMode.Own ? OwnMean : TrainingMean;

    /// <summary>The rows of a language, by the mean that its texts lose; the best-informed is the last.</summary>
    public static CenteringMode[] Modes(MeanChoice means, bool ownMean) => (means, ownMean) switch
    {
        (_, false) or (MeanChoice.Training, _) => [CenteringMode.Training],
        (MeanChoice.Own, true) => [CenteringMode.Own],
        _ => [CenteringMode.Training, CenteringMode.Own],
    };

    private void ScoreLanguage(string language, CenteringMode mode, bool show)
    {
        var kinds = config.Kinds;
        var texts = new List<string>();
        var imageOfText = new List<int>();
        for (var image = 0; image < images.Samples.Count; image++)
        {
            var asked = images.Samples[image].Captions
                .Where(caption => caption.Language == language && (kinds.Count == 0 || kinds.Contains(caption.Kind)));
            foreach (var caption in config.CaptionsPerImage > 0 ? asked.Take(config.CaptionsPerImage) : asked)
            {
                texts.Add(caption.Text);
                imageOfText.Add(image);
            }
        }
        if (texts.Count == 0)
        {
            throw new InputException(
                $"eval.kinds: the data has no captions in {language} of kind {string.Join(", ", config.Kinds.Select(CaptionKinds.Name))}.");
        }
        var vectors = new VectorSet(embed(texts, language, mode), images.Vectors.Dimension);
        var result = Retrieval.Score(images.Vectors, vectors, imageOfText, config.Seed);
        var mean = NameOf(mode);
        rows.Add(new RetrievalRow(language, mean, result.TextToImage, result.ImageToText) { Ranks = Ranks(result) });
        if (banks?.GetValueOrDefault(language) is { } sentences)
        {
            var bank = Querybank.Of(
                new VectorSet(embed(sentences, language, mode), images.Vectors.Dimension), images.Vectors, config.Querybank.Temperature);
            var normalized = Retrieval.Score(images.Vectors, vectors, imageOfText, config.Seed, bank);
            rows.Add(new RetrievalRow(language, mean, normalized.TextToImage, normalized.ImageToText)
            {
                Querybank = bank.Size,
                Ranks = Ranks(normalized),
            });
        }
        if (show)
        {
            Show(language, texts, vectors, imageOfText, result.TextToImageRanks);
            ScoreLengths(language, mode, texts, imageOfText, result);
        }

        IReadOnlyList<QueryRank> Ranks(RetrievalResult scored) =>
            QueryRanks.Of(scored, [.. images.Samples.Select(sample => sample.Key)], texts, imageOfText);
    }

    /// <summary>Scores captions cut; <paramref name="whole"/> is the score of lengths that no caption exceeds.</summary>
    private void ScoreLengths(
        string language, CenteringMode mode, List<string> texts, List<int> imageOfText, RetrievalResult whole)
    {
        foreach (var words in config.CaptionWords.Distinct().Order())
        {
            var cut = texts.ConvertAll(text => CaptionText.Cut(text, words));
            var shortened = cut.Zip(texts).Count(pair => pair.First.Length < pair.Second.Length);
            var result = shortened == 0
                ? whole
                : Retrieval.Score(
                    images.Vectors, new VectorSet(embed(cut, language, mode), images.Vectors.Dimension), imageOfText, config.Seed);
            lengths.Add(new LengthRow(
                language, NameOf(mode), words, shortened / (double)texts.Count, result.TextToImage, result.ImageToText));
        }
    }

    /// <summary>
    /// Queries of images drawn once for all languages, so that the same images are asked for in each; not chosen by success.
    /// </summary>
    private void Show(string language, List<string> texts, VectorSet vectors, List<int> imageOfText, int[] ranks)
    {
        var drawn = Enumerable.Range(0, images.Samples.Count).ToArray();
        var random = SeededRandom.For(config.Seed, "shown queries");
        random.Shuffle(drawn);
        var captioned = imageOfText.ToHashSet();
        foreach (var image in drawn.Where(captioned.Contains).Take(config.ShownQueries))
        {
            var text = imageOfText.IndexOf(image);
            var scores = new float[images.Samples.Count];
            ScoreKernel.Score(vectors, text, 1, images.Vectors, 0, scores.Length, scores, scores.Length);
            var best = Enumerable.Range(0, scores.Length).OrderByDescending(candidate => scores[candidate]).Take(config.ShownImages);
            shown.Add(new ShownQuery(
                language, texts[text], ranks[text],
                [.. best.Select(hit => Hit(images.Samples[hit], scores[hit], hit == image))]));
        }
    }

    private ShownHit Hit(Sample sample, float score, bool isOwn) =>
        new(sample.Key, score, isOwn, Thumbnail(sample), sample.Origin, sample.Image.File);

    /// <summary>As the model saw it: upright, and over a ground, where the run file says so.</summary>
    private byte[] Thumbnail(Sample sample)
    {
        var transform = new ImageTransformConfig { ImageSize = ThumbnailSide };
        var pixels = new ImagePipeline(transform, decode: images.Decode).Eval(sample.Image.Read(), sample.Origin);
        return ImageCodec.EncodeJpeg(new RgbImage(ThumbnailSide, ThumbnailSide, pixels), 80);
    }
}
