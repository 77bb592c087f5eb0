using System.ComponentModel;
using Llm2Clip.Data;
using Llm2Clip.Data.Conversion;
using Llm2Clip.Data.Inspection;
using Llm2Clip.Evaluation;
using Llm2Clip.Models;
using Llm2Clip.Teachers;
using Llm2Clip.Teachers.Store;
using Llm2Clip.Training.Stage1;
using Llm2Clip.Training.Stage2;

namespace Llm2Clip.Pipeline;

/// <summary>A run file: one section for each part of the pipeline, all with defaults. A command reads the sections that concern it.</summary>
public sealed record RunConfig
{
    [Description("Pictures and captions.")]
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

    [Description("Retrieval of pictures by captions and of captions by pictures.")]
    public RetrievalConfig Eval { get; init; } = new();

    [Description("Retrieval of captions by other captions of their picture.")]
    public CaptionProbeConfig EvalCaptions { get; init; } = new();

    [Description("Data sets written in another format, split or sampled.")]
    public ConvertConfig Convert { get; init; } = new();

    [Description("What is counted of data sets, and what in them is called alike.")]
    public InspectConfig Inspect { get; init; } = new();

    /// <summary>
    /// The teacher that extraction, student and evaluation work with: <c>teacher.tuned</c>, else the folder that this run file's cc-finetune
    /// writes, else <c>teacher.path</c> itself.
    /// </summary>
    public TeacherConfig TunedTeacher() => Teacher with
    {
        Path = Teacher.Tuned.Length > 0 ? Teacher.Tuned : CcFinetune.Output.Length > 0 ? CcFinetune.Output : Teacher.Path,
    };
}
