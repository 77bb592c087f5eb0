using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Weights;

/// <summary>
/// A tensor as a file holds it, and the parameters that it is made of: one, or several below each other along the first dimension, such as
/// the weights of q, k and v in one; transposed, or with leading dimensions of 1, where the layout has it so.
/// </summary>
/// <param name="Name">Name in the file.</param>
/// <param name="Parts">Parameters in order.</param>
/// <param name="Transposed">Whether the file holds the one matrix as (in, out).</param>
/// <param name="LeadingOnes">Dimensions of 1 that the file has before the parameter's own.</param>
internal sealed record StoredWeight(string Name, IReadOnlyList<Tensor> Parts, bool Transposed = false, int LeadingOnes = 0)
{
    /// <summary>Shape in the file.</summary>
    public IReadOnlyList<long> Shape
    {
        get
        {
            long[] own = Parts.Count == 1 ? Parts[0].shape : [Parts.Sum(part => part.shape[0]), .. Parts[0].shape[1..]];
            return [.. Enumerable.Repeat(1L, LeadingOnes), .. Transposed ? own.Reverse() : own];
        }
    }

    /// <summary>Copies the file's tensor, of <see cref="Shape"/>, into the parameters.</summary>
    public void Fill(Tensor stored)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var whole = Transposed ? stored.t() : LeadingOnes > 0 ? stored.view([.. Shape.Skip(LeadingOnes)]) : stored;
        if (Parts.Count == 1)
        {
            Parts[0].copy_(whole);
            return;
        }
        var at = 0L;
        foreach (var part in Parts)
        {
            part.copy_(whole.narrow(0, at, part.shape[0]));
            at += part.shape[0];
        }
    }

    /// <summary>The file's tensor, in the current dispose scope; the parameter itself where nothing differs.</summary>
    public Tensor Join()
    {
        using var off = no_grad();
        return Parts.Count > 1 ? cat([.. Parts], 0)
            : Transposed ? Parts[0].t().contiguous()
            : LeadingOnes > 0 ? Parts[0].view([.. Shape])
            : Parts[0];
    }
}
