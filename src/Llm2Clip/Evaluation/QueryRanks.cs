using Llm2Clip.Configuration;
using Llm2Clip.Data.Inspection;
using Llm2Clip.Data.Parquet;

namespace Llm2Clip.Evaluation;

/// <summary>Which side asks.</summary>
internal enum SearchSide
{
    /// <summary>A caption looks for its image.</summary>
    TextToImage,

    /// <summary>An image looks for a caption of its own.</summary>
    ImageToText,
}

/// <summary>What one query of a row of the recall table came to.</summary>
/// <param name="Side">Which side asks.</param>
/// <param name="Image">Key of the query's image.</param>
/// <param name="Caption">Number of the caption among those of its image in this row, from 0; of an image, 0.</param>
/// <param name="Words">Words of the caption, as <see cref="CaptionText.Words"/> counts them; of an image, 0.</param>
/// <param name="Rank">Rank of the best own candidate, from 1.</param>
internal readonly record struct QueryRank(SearchSide Side, string Image, int Caption, int Words, int Rank);

/// <summary>Which row of the recall table ranks belong to.</summary>
/// <param name="Language">Language of the captions.</param>
/// <param name="Mean">The mean that their vectors lost.</param>
/// <param name="Querybank">Sentences of the querybank; 0 = none.</param>
internal readonly record struct RankedRow(string Language, string Mean, int Querybank);

/// <summary>
/// The ranks behind a recall table, one row of a Parquet file per query: what <c>compare</c> resamples, and what recall by the length of
/// the caption is made of.
/// </summary>
internal static class QueryRanks
{
    /// <summary>Name of the file beside the report.</summary>
    public const string FileName = "ranks.parquet";

    private const string LanguageColumn = "language";
    private const string MeanColumn = "mean";
    private const string QuerybankColumn = "querybank";
    private const string SideColumn = "search";
    private const string ImageColumn = "image";
    private const string CaptionColumn = "caption";
    private const string WordsColumn = "words";
    private const string RankColumn = "rank";

    /// <summary>The ranks of a result, captions first.</summary>
    /// <param name="result">What was scored.</param>
    /// <param name="keys">Keys of the images.</param>
    /// <param name="texts">The captions.</param>
    /// <param name="imageOfText">Image of each caption; captions of an image follow one another.</param>
    public static IReadOnlyList<QueryRank> Of(
        RetrievalResult result, IReadOnlyList<string> keys, IReadOnlyList<string> texts, IReadOnlyList<int> imageOfText)
    {
        var ranks = new List<QueryRank>(texts.Count + result.QueriedImages.Length);
        var number = 0;
        for (var i = 0; i < texts.Count; i++)
        {
            number = i > 0 && imageOfText[i] == imageOfText[i - 1] ? number + 1 : 0;
            ranks.Add(new(
                SearchSide.TextToImage, keys[imageOfText[i]], number, CaptionText.Words(texts[i]).Words, result.TextToImageRanks[i]));
        }
        for (var i = 0; i < result.QueriedImages.Length; i++)
        {
            ranks.Add(new(SearchSide.ImageToText, keys[result.QueriedImages[i]], 0, 0, result.ImageToTextRanks[i]));
        }
        return ranks;
    }

    /// <summary>Writes the ranks of all rows, whole or not at all.</summary>
    public static void Write(string file, IReadOnlyList<RetrievalRow> rows)
    {
        using var table = new ParquetTableWriter(
            file,
            [
                new(LanguageColumn, ColumnType.Text), new(MeanColumn, ColumnType.Text), new(QuerybankColumn, ColumnType.Int64),
                new(SideColumn, ColumnType.Text), new(ImageColumn, ColumnType.Text), new(CaptionColumn, ColumnType.Int64),
                new(WordsColumn, ColumnType.Int64), new(RankColumn, ColumnType.Int64),
            ],
            new ParquetWriteOptions { Codec = ParquetCodec.Zstd, RowGroupRows = 1 << 20 });
        var (languages, means, sides, images) =
            (table.Texts(LanguageColumn), table.Texts(MeanColumn), table.Texts(SideColumn), table.Texts(ImageColumn));
        var (banks, captions, words, ranks) = (table.Integers(QuerybankColumn), table.Integers(CaptionColumn),
            table.Integers(WordsColumn), table.Integers(RankColumn));
        foreach (var row in rows)
        {
            foreach (var query in row.Ranks)
            {
                languages.Add(row.Language);
                means.Add(row.Mean);
                banks.Add(row.Querybank);
                sides.Add(ConfigSchema.SnakeCase(query.Side.ToString()));
                images.Add(query.Image);
                captions.Add(query.Caption);
                words.Add(query.Words);
                ranks.Add(query.Rank);
                table.EndRow();
            }
        }
        table.Complete();
    }

    /// <summary>Reads the ranks again, by row, in the order in which they were written.</summary>
    /// <exception cref="InputException">The file is damaged, or is none of these.</exception>
    public static IReadOnlyDictionary<RankedRow, IReadOnlyList<QueryRank>> Read(string file)
    {
        try
        {
            using var table = ParquetTable.Open(file);
            return Read(table);
        }
        catch (ParquetException error)
        {
            throw new InputException($"{error.Message} `llm2clip eval retrieval` writes it anew.", error);
        }
    }

    private static Dictionary<RankedRow, IReadOnlyList<QueryRank>> Read(ParquetTable table)
    {
        var found = new Dictionary<RankedRow, List<QueryRank>>();
        var (languages, means, sides, images) =
            (table.Texts(LanguageColumn), table.Texts(MeanColumn), table.Texts(SideColumn), table.Texts(ImageColumn));
        var (banks, captions, words, ranks) = (table.Integers(QuerybankColumn), table.Integers(CaptionColumn),
            table.Integers(WordsColumn), table.Integers(RankColumn));
        foreach (var group in table.RowGroups)
        {
            foreach (var column in new ParquetColumnReader[] { languages, means, sides, images, banks, captions, words, ranks })
            {
                column.Read(group);
            }
            for (var i = 0; i < group.Rows; i++)
            {
                var row = new RankedRow(languages[i] ?? "", means[i] ?? "", Number(banks[i]));
                if (!found.TryGetValue(row, out var list))
                {
                    found.Add(row, list = []);
                }
                var side = sides[i] == ConfigSchema.SnakeCase(nameof(SearchSide.ImageToText))
                    ? SearchSide.ImageToText
                    : SearchSide.TextToImage;
                list.Add(new QueryRank(side, images[i] ?? "", Number(captions[i]), Number(words[i]), Number(ranks[i])));
            }
        }
        return found.ToDictionary(entry => entry.Key, entry => (IReadOnlyList<QueryRank>)entry.Value);

        int Number(long? value) => value is >= 0 and <= int.MaxValue
            ? (int)value
            : throw new InputException($"{table.Path} holds {value?.ToString() ?? "nothing"} where a number from 0 belongs.");
    }
}
