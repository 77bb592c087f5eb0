using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Llm2Clip.Data;

namespace Llm2Clip.Evaluation;

/// <summary>Which means are taken out of the caption vectors of languages that have one of their own.</summary>
public enum MeanChoice
{
    /// <summary>The training captions' mean only: nothing but training data was used.</summary>
    Training,

    /// <summary>The language's own mean only.</summary>
    Own,

    /// <summary>Both, one row each, so that the numbers can be compared.</summary>
    Both,
}

/// <summary>The <c>eval</c> section of a run file.</summary>
public sealed record RetrievalConfig
{
    [Description("Student: the folder of a clip-train run, of its model or of a checkpoint. Or a whole CLIP, whose own text tower embeds "
        + "the captions: a folder in the layout of Hugging Face (CLIPModel) or open_clip with its tokenizer's files. Empty = the student "
        + "that clip-train of this run file writes.")]
    public string Model { get; init; } = "";

    [Description("Data pattern to evaluate on; empty = data.val.")]
    public string Data { get; init; } = "";

    [Description("Languages of the captions, in the order of the table; empty = all that the data has.")]
    public IReadOnlyList<string> Languages { get; init; } = [];

    [Description("Kinds of captions: short, long, raw; empty = all.")]
    public IReadOnlyList<CaptionKind> Kinds { get; init; } = [];

    [Description("Captions of each image, language and kinds that count, the first; 0 = all. COCO's protocol takes 5.")]
    [Range(0, 1 << 20)]
    public int CaptionsPerImage { get; init; }

    [Description("Lengths, in words, to which captions are also cut, such as [5, 10, 20, 40, 80, 160]: recall against the length of "
        + "captions, a row each and a chart. In scripts without spaces each letter is a word. Empty = whole captions alone.")]
    [Range(1, 1 << 20)]
    public IReadOnlyList<int> CaptionWords { get; init; } = [];

    [Description("Language that the shares in the table are taken of.")]
    public string ReferenceLanguage { get; init; } = "en";

    [Description("training | own | both: which mean is taken out of captions of a language that has its own.")]
    public MeanChoice Means { get; init; } = MeanChoice.Both;

    [Description("Data set whose captions give own means to the evaluated languages that the teacher has no mean of: the first caption of "
        + "2,000 images per language at most. Any data set but the one that is evaluated.")]
    public string MeansFrom { get; init; } = "";

    [Description("Querybank normalization of what captions find: a further row per language.")]
    public QuerybankConfig Querybank { get; init; } = new();

    [Description("Folder of a store with raw LLM vectors; captions found there are not embedded again, others are added. Empty = the one "
        + "that the teacher was made with, where it is there.")]
    public string RawStore { get; init; } = "";

    [Description("Images encoded at once.")]
    [Range(1, 1 << 20)]
    public int BatchSize { get; init; } = 250;

    [Description("Encode each image twice, as it is and mirrored, and take the mean of both vectors: twice the time, and a little better "
        + "where the training mirrored images too (data.augment.flip).")]
    public bool Mirror { get; init; }

    [Description("Cut captions off that are longer than a whole CLIP's text tower takes; else they are an error. A student's teacher has "
        + "teacher.max_length.")]
    public bool Truncate { get; init; }

    [Description("Queries per language whose top images the report shows; 0 = none.")]
    [Range(0, 10_000)]
    public int ShownQueries { get; init; } = 5;

    [Description("Images shown per query.")]
    [Range(0, 1000)]
    public int ShownImages { get; init; } = 5;

    [Description("Seed of the bootstrap intervals and of the choice of shown queries.")]
    public int Seed { get; init; } = 1;

    [Description("auto | cpu | cuda:N.")]
    public string Device { get; init; } = "auto";

    [Description("Folder for retrieval.json, ranks.parquet and report.html; empty = the model's folder.")]
    public string Output { get; init; } = "";
}
