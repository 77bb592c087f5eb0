namespace Llm2Clip.Evaluation;

/// <summary>Ranks and recalls of one set of captions against one set of images, both directions.</summary>
public sealed record RetrievalResult
{
    /// <summary>One query per caption; candidates are the images.</summary>
    public required RecallNumbers TextToImage { get; init; }

    /// <summary>One query per image that has a caption; candidates are the captions, any own one counts.</summary>
    public required RecallNumbers ImageToText { get; init; }

    /// <summary>Rank of each caption's image.</summary>
    public required int[] TextToImageRanks { get; init; }

    /// <summary>Rank of the best own caption of each image in <see cref="QueriedImages"/>.</summary>
    public required int[] ImageToTextRanks { get; init; }

    /// <summary>The images that have captions, in ascending order.</summary>
    public required int[] QueriedImages { get; init; }
}

/// <summary>
/// Image-text retrieval by the protocol of DESIGN 6: cosine in fp32, exact ranks, any-hit, ties against the query, own
/// candidates never. Numbers of captions per image may differ.
/// </summary>
public static class Retrieval
{
    /// <summary>The protocol in one sentence, printed with every number.</summary>
    public const string Protocol =
        "cosine similarity in fp32; rank = 1 + candidates of others scoring >= the query's best own candidate (ties count against it); "
        + "recall@k = share of queries with rank <= k; text to image: one query per caption, image to text: one query per image, "
        + "any of its captions counts; "
        + "intervals: 95 % percentile bootstrap over images";

    /// <summary>
    /// Scores captions against images.
    /// </summary>
    /// <param name="images">Image vectors [images, dim].</param>
    /// <param name="texts">Caption vectors [texts, dim].</param>
    /// <param name="imageOfText">Index of each caption's image.</param>
    /// <param name="bootstrapSeed">Seed of the intervals; null leaves them out.</param>
    /// <param name="bank">
    /// Normalizes what captions find among the images; null = not. Images as queries are ranked without it: a bank of sentences says which
    /// images are found too often, and nothing about sentences.
    /// </param>
    public static RetrievalResult Score(
        VectorSet images, VectorSet texts, IReadOnlyList<int> imageOfText, int? bootstrapSeed = null, Querybank? bank = null)
    {
        if (imageOfText.Count != texts.Count)
        {
            throw new ArgumentException($"{texts.Count} captions, but images for {imageOfText.Count}.", nameof(imageOfText));
        }
        var textsOfImage = new int[images.Count];
        foreach (var image in imageOfText)
        {
            textsOfImage[image]++;
        }
        var queried = Enumerable.Range(0, images.Count).Where(image => textsOfImage[image] > 0).ToArray();
        if (queried.Length == 0)
        {
            throw new ArgumentException("There is no caption.", nameof(texts));
        }

        using var reverse = new ReverseRanks(images, texts, imageOfText);
        var textRanks = Ranking.Rank(texts, images, [.. imageOfText.Select(image => new[] { image })], reverse.Add, bank);
        var imageRanks = reverse.Of(queried);

        var textToImage = RecallNumbers.From(textRanks, images.Count, [.. imageOfText.Select(_ => 1)]);
        var imageToText = RecallNumbers.From(imageRanks, texts.Count, [.. queried.Select(image => textsOfImage[image])]);
        if (bootstrapSeed is { } seed)
        {
            var depths = RecallNumbers.Depths;
            textToImage = textToImage with { Intervals = Bootstrap.Intervals(textRanks, imageOfText, images.Count, depths, seed) };
            imageToText = imageToText with { Intervals = Bootstrap.Intervals(imageRanks, queried, images.Count, depths, seed) };
        }
        return new RetrievalResult
        {
            TextToImage = textToImage,
            ImageToText = imageToText,
            TextToImageRanks = textRanks,
            ImageToTextRanks = imageRanks,
            QueriedImages = queried,
        };
    }
}
