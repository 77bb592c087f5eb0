using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Llm2Clip.Data;

namespace Llm2Clip.Teachers.Store;

/// <summary>The <c>extract</c> section of a run file: which captions get a vector, and where it is kept.</summary>
public sealed record ExtractConfig
{
    [Description("Folder of the embedding store that gets the teacher's vectors. Empty = vectors, in the folder of the run.")]
    public string Store { get; init; } = "";

    [Description("Folder of the store of raw LLM vectors, shared by all adapters over one LLM: the LLM runs once per caption, a tuned "
        + "teacher's vectors are derived. Empty = the one that the teacher was made with.")]
    public string RawStore { get; init; } = "";

    [Description("Data patterns whose captions are embedded; empty = data.train and data.val.")]
    public IReadOnlyList<string> Data { get; init; } = [];

    [Description("Languages of the captions that are embedded, and that clip-train draws; empty = those of clip_train.captions, else "
        + "cc_finetune.languages, else all that data.train has.")]
    public IReadOnlyList<string> Languages { get; init; } = [];

    [Description("Kinds of the captions: short, long, raw; empty = all.")]
    public IReadOnlyList<CaptionKind> Kinds { get; init; } = [];

    [Description("fp16 | fp32: how vectors are kept. fp32 where a value passes 65504.")]
    public VectorType Dtype { get; init; } = VectorType.Fp16;

    [Description("Captions embedded between two writes to the store, sorted by length among themselves; 64 or more keep the LLM busy. A "
        + "run that is stopped or killed loses one batch of them.")]
    [Range(1, 1 << 24)]
    public int Window { get; init; } = 512;
}
