using Llm2Clip.Layers;
using Llm2Clip.Runtime;
using Llm2Clip.Teachers;

namespace Llm2Clip.Pipeline;

/// <summary>What a run computed on, for its result.</summary>
internal static class RunDevice
{
    /// <summary>The device of tensors that a run file's <c>device</c> comes to, such as <c>cpu</c> or <c>cuda:0</c>.</summary>
    public static string OfTensors(string configured) => ComputeDevice.Resolve(configured).Device.ToString();

    /// <summary>The devices of the LLM, as llama.cpp names them, or the one of its tensors.</summary>
    public static string OfLlm(TeacherConfig teacher) => teacher.Runtime == TeacherRuntime.Tensors
        ? OfTensors(teacher.Device)
        : string.Join(", ", LlamaComponents.Devices());
}
