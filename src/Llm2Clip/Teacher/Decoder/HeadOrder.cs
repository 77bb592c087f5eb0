using Llm2Clip.Layers;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Teachers.Decoder;

/// <summary>
/// The two orders of the rows of q and k, head by head, N rows each. Rotation turns row i with row i + N / 2 (halves) here, and with its
/// neighbor (pairs) in files of the architecture llama: row 2i there is row i here, and row 2i + 1 is row i + N / 2.
/// </summary>
internal static class HeadOrder
{
    /// <summary>Rows [heads N] or [heads N, ...] from the order of pairs into that of halves; a new tensor.</summary>
    public static Tensor ToHalves(Tensor rows, int heads) => Swapped(rows, heads, rows.shape[0] / heads / 2, 2);

    /// <summary>The other way.</summary>
    public static Tensor ToPairs(Tensor rows, int heads) => Swapped(rows, heads, 2, rows.shape[0] / heads / 2);

    private static Tensor Swapped(Tensor rows, int heads, long first, long second)
    {
        using var scope = NewDisposeScope();
        return rows.view(heads, first, second, -1).transpose(1, 2).reshape(rows.shape).MoveToOuterDisposeScope();
    }
}
