using System.ComponentModel;
using Llm2Clip.Data;
using Llm2Clip.Data.Conversion;
using Llm2Clip.Data.Inspection;
using Llm2Clip.Evaluation;
using Llm2Clip.Evaluation.Classification;
using Llm2Clip.Models;
using Llm2Clip.Models.Text;
using Llm2Clip.Pipeline.Sweeps;
using Llm2Clip.Reporting.Comparison;
using Llm2Clip.Search;
using Llm2Clip.Teachers;
using Llm2Clip.Teachers.Store;
using Llm2Clip.Training.LongClip;
using Llm2Clip.Training.Stage1;
using Llm2Clip.Training.Stage2;

namespace Llm2Clip.Pipeline;

/// <summary>
/// A run file: one section for each part of the pipeline, all with defaults. A command reads the sections that concern it. What an
/// empty path means is said here, and nowhere else.
/// </summary>
public sealed record RunConfig
{
    [Description("Folder of the run. What a stage writes lies in it, and the next stage finds it there, unless keys of their own name "
        + "other places: teacher, teacher-raw (the LLM's vectors), vectors, student.")]
    public string Output { get; init; } = "runs/default";

    [Description("Images and captions.")]
    public DataConfig Data { get; init; } = new();

    [Description("The LLM, or the teacher made of it.")]
    public TeacherConfig Teacher { get; init; } = new();

    [Description("Caption-contrastive training of the teacher.")]
    public CcFinetuneConfig CcFinetune { get; init; } = new();

    [Description("Captions into the embedding store.")]
    public ExtractConfig Extract { get; init; } = new();

    [Description("The student: image encoder and text adapter.")]
    public StudentConfig Model { get; init; } = new();

    [Description("Training of the student.")]
    public ClipTrainConfig ClipTrain { get; init; } = new();

    [Description("Retrieval of images by captions and of captions by images.")]
    public RetrievalConfig Eval { get; init; } = new();

    [Description("Retrieval of captions by other captions of their image.")]
    public CaptionProbeConfig EvalCaptions { get; init; } = new();

    [Description("Classification of images by the names of classes.")]
    public ZeroShotConfig EvalZeroshot { get; init; } = new();

    [Description("Classification of images by a linear layer on the encoder's features.")]
    public LinearProbeConfig EvalLinearProbe { get; init; } = new();

    [Description("A CLIP's text tower made to take longer texts, as Long-CLIP does.")]
    public LongClipStretchConfig LongclipStretch { get; init; } = new();

    [Description("Training of a whole CLIP on long and short captions, as Long-CLIP does.")]
    public LongClipConfig Longclip { get; init; } = new();

    [Description("Data sets written in another format, split or sampled.")]
    public ConvertConfig Convert { get; init; } = new();

    [Description("Models for other programs: ONNX, Hugging Face, PEFT, GGUF.")]
    public ExportConfig Export { get; init; } = new();

    [Description("What is counted of data sets, and what in them is called alike.")]
    public InspectConfig Inspect { get; init; } = new();

    [Description("Images made searchable.")]
    public IndexConfig Index { get; init; } = new();

    [Description("Images found by sentences and by other images.")]
    public SearchConfig Search { get; init; } = new();

    [Description("Vectors of images or sentences for other programs.")]
    public EmbedConfig Embed { get; init; } = new();

    [Description("Results of runs side by side.")]
    public CompareConfig Compare { get; init; } = new();

    [Description("The same run with several values of some keys, and several seeds.")]
    public SweepConfig Sweep { get; init; } = new();

    /// <summary>The teacher folder that cc-finetune writes: <c>cc_finetune.output</c>, else <c>teacher</c> in the run's folder.</summary>
    public string TeacherOutput() => FirstNamed(CcFinetune.Output, Path.Combine(Output, TeacherFolder.StageName));

    /// <summary>
    /// The store of the LLM's vectors that cc-finetune fills: <c>cc_finetune.raw_store</c>, else the teacher folder's name with
    /// <c>-raw</c>.
    /// </summary>
    public string RawStore() => FirstNamed(CcFinetune.RawStore, TeacherOutput() + "-raw");

    /// <summary>The store that extract fills and clip-train reads: <c>extract.store</c>, else <c>vectors</c> in the run's folder.</summary>
    public string VectorStore() => FirstNamed(Extract.Store, Path.Combine(Output, "vectors"));

    /// <summary>Where clip-train writes: <c>clip_train.output</c>, else <c>student</c> in the run's folder.</summary>
    public string StudentOutput() => FirstNamed(ClipTrain.Output, Path.Combine(Output, StudentFolder.StageName));

    /// <summary>Where <c>longclip train</c> writes: <c>longclip.output</c>, else <c>longclip</c> in the run's folder.</summary>
    public string LongClipOutput() => FirstNamed(Longclip.Output, Path.Combine(Output, "longclip"));

    /// <summary>
    /// Where a frozen image encoder's features are kept: <c>clip_train.feature_cache</c>, else <c>features</c> in the student's folder.
    /// </summary>
    public string FeatureCache() => FirstNamed(ClipTrain.FeatureCache, Path.Combine(StudentOutput(), "features"));

    /// <summary>
    /// The teacher that extraction, student and evaluation work with: <c>teacher.tuned</c>, else <c>cc_finetune.output</c> where that is
    /// named, else the run's folder <c>teacher</c> where cc-finetune wrote one, else <c>teacher.path</c> itself.
    /// </summary>
    public TeacherConfig TunedTeacher() => Teacher with
    {
        Path = FirstNamed(Teacher.Tuned, CcFinetune.Output, TeacherFolder.IsTeacher(TeacherOutput()) ? TeacherOutput() : "", Teacher.Path),
    };

    /// <summary>
    /// The model whose tokens <c>data inspect</c> counts. It is used before any training, so that cc-finetune's folder does not count.
    /// </summary>
    public TeacherConfig CountingTeacher() => Teacher with { Path = FirstNamed(Teacher.Tuned, Teacher.Path) };

    /// <summary>
    /// The student that is evaluated: <c>eval.model</c>, else the run that this run file's clip-train writes.
    /// </summary>
    public string NamedStudent() => FirstNamed(Eval.Model, StudentOutput());

    /// <summary>
    /// How labeled images are read: as the data section says but for what is about its own data sets: format, image folders and fields.
    /// </summary>
    internal DataConfig LabeledData() =>
        Data with { Format = DatasetFormat.Auto, ImageRoot = "", ImageKey = "", CaptionKeys = [] };

    /// <summary>
    /// Where the report of <c>eval retrieval</c> goes: <c>eval.output</c>, else the model's folder, of a checkpoint <c>eval</c> in the
    /// folder of its run.
    /// </summary>
    /// <param name="student">The student that is evaluated.</param>
    /// <param name="named">The folder that the section of another evaluation names.</param>
    internal string EvaluationFolder(StudentFolder student, string named = "") =>
        FirstNamed(named, Eval.Output, student.Run is { } folder ? Path.Combine(folder, "eval") : student.Settings);

    /// <summary>The images that <c>eval retrieval</c> searches: <c>eval.data</c>, else <c>data.val</c>.</summary>
    public string EvaluationData() => FirstNamed(Eval.Data, Data.Val);

    /// <summary>The captions that <c>eval captions</c> probes: <c>eval_captions.data</c>, else <c>data.val</c>.</summary>
    public string ProbedData() => FirstNamed(EvalCaptions.Data, Data.Val);

    /// <summary>
    /// The data whose captions <c>extract</c> embeds: <c>extract.data</c>, else <c>data.train</c> or all of <c>data.train_sets</c> and, for
    /// the evaluations of <c>clip-train</c>, <c>data.val</c>.
    /// </summary>
    public IReadOnlyList<string> ExtractedData() => Extract.Data.Count > 0
        ? Extract.Data
        : [.. Data.TrainPaths.Append(Data.Val).Where(pattern => pattern.Length > 0)];

    /// <summary>
    /// Languages whose captions <c>extract</c> embeds and <c>clip-train</c> draws: <c>extract.languages</c>, else those of
    /// <c>clip_train.captions</c>, else <c>cc_finetune.languages</c>; empty = all that <c>data.train</c> has.
    /// </summary>
    public IReadOnlyList<string> StudentLanguages() => LanguageChoice().Languages;

    /// <summary>What decides <see cref="StudentLanguages"/>, as messages name it.</summary>
    internal string StudentLanguageKey() => LanguageChoice().Key;

    private (IReadOnlyList<string> Languages, string Key) LanguageChoice()
    {
        var drawn = ClipTrain.Captions.Select(choice => choice.Language).Distinct().ToList();
        return Extract.Languages.Count > 0 ? (Extract.Languages, "extract.languages")
            : drawn.Count > 0 && !drawn.Contains("") ? (drawn, "clip_train.captions")
            : CcFinetune.Languages.Count > 0 ? (CcFinetune.Languages, "cc_finetune.languages")
            : ([], "the languages of data.train");
    }

    /// <summary>
    /// What <c>clip-train</c> draws: <c>clip_train.captions</c>, else all that <c>extract</c> embeds, each language and kind as often.
    /// </summary>
    public IReadOnlyList<CaptionChoice> DrawnCaptions()
    {
        if (ClipTrain.Captions.Count > 0)
        {
            return ClipTrain.Captions;
        }
        IReadOnlyList<string> languages = StudentLanguages() is { Count: > 0 } named ? named : [""];
        IReadOnlyList<CaptionKind?> kinds = Extract.Kinds.Count > 0 ? [.. Extract.Kinds.Select(kind => (CaptionKind?)kind)] : [null];
        return [.. languages.SelectMany(language => kinds.Select(kind => new CaptionChoice { Language = language, Kind = kind }))];
    }

    /// <summary>The index that <c>index</c> writes: <c>index.output</c>, else <c>index</c> in the run's folder.</summary>
    public string IndexFolder() => FirstNamed(Index.Output, Path.Combine(Output, "index"));

    /// <summary>The index that is searched: <c>search.index</c>, else the one that <c>index</c> of this run file writes.</summary>
    public string SearchedIndex() => FirstNamed(Search.Index, IndexFolder());

    /// <summary>What <c>data inspect</c> reads: <c>inspect.data</c>, else <c>data.train</c>.</summary>
    public string InspectedData() => FirstNamed(Inspect.Data, Data.Train);

    private static string FirstNamed(params ReadOnlySpan<string> paths)
    {
        foreach (var path in paths)
        {
            if (path.Length > 0)
            {
                return path;
            }
        }
        return "";
    }
}
