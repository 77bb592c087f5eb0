using System.ComponentModel;
using Llm2Clip.Data;
using Llm2Clip.Teachers;

namespace Llm2Clip.Configuration;

/// <summary>A run file: one section for each part of the pipeline, all with defaults. A command reads the sections that concern it.</summary>
public sealed record RunConfig
{
    [Description("Pictures and captions.")]
    public DataConfig Data { get; init; } = new();

    [Description("The LLM, or the teacher made of it.")]
    public TeacherConfig Teacher { get; init; } = new();

    [Description("Captions into the embedding store.")]
    public ExtractConfig Extract { get; init; } = new();
}
