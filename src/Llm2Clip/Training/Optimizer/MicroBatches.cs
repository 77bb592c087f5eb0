using static TorchSharp.torch;

namespace Llm2Clip.Training.Optimizer;

/// <summary>How a batch is cut into micro-batches: all of one size but the last.</summary>
internal static class MicroBatches
{
    /// <summary>Number of micro-batches.</summary>
    public static int Count(int rows, int size) => (rows + size - 1) / size;

    /// <summary>Micro-batch <paramref name="part"/> of rows, [b, ...].</summary>
    public static Tensor Part(Tensor rows, int part, int size) =>
        rows.narrow(0, (long)part * size, Math.Min(size, rows.shape[0] - (long)part * size));
}
