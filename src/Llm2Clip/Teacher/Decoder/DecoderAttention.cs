using Llm2Clip.Layers;
using TorchSharp;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Llm2Clip.Teachers.Decoder;

/// <summary>Where the tokens of a batch are, and what they see, in blocks of one kind.</summary>
/// <param name="Queries">Turns queries, and multiplies them by the scale of the scores.</param>
/// <param name="Keys">Turns keys.</param>
/// <param name="Mask">As <see cref="TokenBatch.Mask"/> makes it.</param>
internal sealed record AttentionView(RotaryPositions Queries, RotaryPositions Keys, Tensor? Mask);

/// <summary>
/// A decoder's self-attention: shared key/value heads, rotary positions, norms of heads and a soft cap where it has them.
/// </summary>
internal sealed class DecoderAttention : nn.Module
{
    [ComponentName(Name = "q_proj")]
    private readonly Linear _query; // [H N, W]

    [ComponentName(Name = "k_proj")]
    private readonly Linear _key; // [K N, W]

    [ComponentName(Name = "v_proj")]
    private readonly Linear _value; // [K V, W]

    [ComponentName(Name = "o_proj")]
    private readonly Linear _output; // [W, H V]

    [ComponentName(Name = "q_norm")]
    private readonly RmsNorm? _queryNorm;

    [ComponentName(Name = "k_norm")]
    private readonly RmsNorm? _keyNorm;

    private readonly DecoderShape _shape;

    public DecoderAttention(DecoderShape shape, Device device, ScalarType dtype)
        : base(nameof(DecoderAttention))
    {
        _shape = shape;
        _query = new Linear(shape.Width, shape.Heads * shape.KeyWidth, shape.Biases.Query, device, dtype);
        _key = new Linear(shape.Width, shape.SharedHeads * shape.KeyWidth, shape.Biases.Key, device, dtype);
        _value = new Linear(shape.Width, shape.SharedHeads * shape.ValueWidth, shape.Biases.Value, device, dtype);
        _output = new Linear(shape.Heads * shape.ValueWidth, shape.Width, shape.Biases.Output, device, dtype);
        (_queryNorm, _keyNorm) = shape.Family.HeadNorms
            ? (new RmsNorm(shape.KeyWidth, shape.Epsilon, device), new RmsNorm(shape.KeyWidth, shape.Epsilon, device))
            : (null, null);
        RegisterComponents();
    }

    /// <summary>x: [B, T, W] to [B, T, W] in the product's format.</summary>
    public Tensor Attend(Tensor x, AttentionView view)
    {
        using var scope = NewDisposeScope();
        var query = Turned(_query, _queryNorm, view.Queries, _shape.Heads);
        var key = Turned(_key, _keyNorm, view.Keys, _shape.SharedHeads);
        var value = Heads(_value.call(x), _shape.SharedHeads);
        var mixed = GroupedAttention.Attend(query, key, value, view.Mask, _shape.AttentionCap);
        return _output.call(mixed).MoveToOuterDisposeScope();

        Tensor Turned(Linear layer, RmsNorm? norm, RotaryPositions positions, int heads)
        {
            var projected = Heads(layer.call(x), heads);
            return positions.Turn(norm is null ? projected : norm.call(projected)).ForProduct(layer.Precision);
        }
    }

    /// <summary>
    /// Puts the rows of q and k, which a file of the architecture llama has in the order of pairs, into that of halves
    /// (<see cref="HeadOrder"/>).
    /// </summary>
    public void RestoreOrder()
    {
        using var off = no_grad();
        using var scope = NewDisposeScope();
        foreach (var (layer, heads) in new[] { (_query, _shape.Heads), (_key, _shape.SharedHeads) })
        {
            foreach (var rows in new[] { layer.Weight, layer.Bias })
            {
                rows?.copy_(HeadOrder.ToHalves(rows, heads));
            }
        }
    }

    /// <summary>[B, T, H N] to [B, T, H, N].</summary>
    private static Tensor Heads(Tensor x, int heads) => x.view(x.shape[0], x.shape[1], heads, x.shape[2] / heads);
}
