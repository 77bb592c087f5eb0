using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Llm2Clip.Configuration;
using Llm2Clip.Data;
using Llm2Clip.Teachers;
using Llm2Clip.Teachers.Store;

namespace Llm2Clip.Evaluation;

/// <summary>Settings of <c>eval captions</c>.</summary>
public sealed record CaptionProbeConfig : ICheckedConfig
{
    [Description("Data pattern that is probed; empty = data.val.")]
    public string Data { get; init; } = "";

    [Description("Images at most, from the first; 0 = all.")]
    [Range(0, 1 << 30)]
    public int Limit { get; init; }

    [Description("Pairs of languages such as en->zh; empty = the training language to itself, and to and from every other that occurs.")]
    public IReadOnlyList<string> Pairs { get; init; } = [];

    [Description("Compares layers of the LLM instead: all, or some as teacher.layers takes them; the captions of the training language "
        + "alone, unless pairs names others. Empty = the teacher as it is.")]
    public string Layers { get; init; } = "";

    [Description("Language whose training captions give the mean that is taken out of all vectors; a teacher folder with an adapter brings "
        + "its own means.")]
    public string TrainingLanguage { get; init; } = "en";

    [Description("Sentences for means: of the training language and of others. Empty = data.train's captions in each language probed, or, "
        + "without data.train, the probed captions themselves.")]
    public IReadOnlyList<TextSourceConfig> LanguageText { get; init; } = [];

    [Description("Images of data.train whose first captions give the means where language_text is empty; 0 = all captions.")]
    [Range(0, 1 << 30)]
    public int MeanImages { get; init; } = 1000;

    [Description("Store of raw LLM vectors to read from and add to; empty = the one that the teacher was made with, or that cc-finetune of "
        + "this run file filled, where it is there.")]
    public string RawStore { get; init; } = "";

    [Description("fp16 | fp32, for a new raw store.")]
    public VectorType RawDtype { get; init; } = VectorType.Fp16;

    /// <inheritdoc/>
    public IEnumerable<(string Key, string Problem)> Check()
    {
        if (Layers is not ("" or TeacherLayers.All) && TeacherLayers.Problem(Layers, attention: null) is { } problem)
        {
            yield return ("layers", problem);
        }
        foreach (var pair in Pairs.Where(pair => !pair.Contains("->", StringComparison.Ordinal)))
        {
            yield return ("pairs", $"holds \"{pair}\"; write it as en->zh");
        }
    }
}
