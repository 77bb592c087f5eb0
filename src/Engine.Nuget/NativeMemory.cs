namespace Llm2Clip.Engine.Torch;

/// <summary>Native memory that tensors hold.</summary>
public static class NativeMemory
{
    /// <summary>Tensors alive in this process; flat over the steps of a loop that does not leak.</summary>
    public static long LiveTensors => TorchSharp.torch.Tensor.TotalCount;
}
