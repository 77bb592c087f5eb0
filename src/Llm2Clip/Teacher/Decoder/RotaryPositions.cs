using Llm2Clip.Layers;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Teachers.Decoder;

/// <summary>
/// Rotary positions in one dimension (https://arxiv.org/abs/2104.09864), of heads whose pairs are elements i and i + N / 2, as Hugging
/// Face's models have them. Token t is at position t.
/// </summary>
internal sealed class RotaryPositions
{
    private readonly Tensor _cosine; // [T, 1, N], both halves alike
    private readonly Tensor _sine; // [T, 1, N / 2]

    private RotaryPositions(Tensor cosine, Tensor sine) => (_cosine, _sine) = (cosine, sine);

    /// <summary>The angles of <paramref name="tokens"/> (T) tokens, in the current dispose scope.</summary>
    public static RotaryPositions Of(RotaryKind kind, int keyWidth, long tokens, Device device)
    {
        using var scope = NewDisposeScope();
        var frequencies = new double[keyWidth / 2];
        for (var i = 0; i < frequencies.Length; i++)
        {
            frequencies[i] = kind.Scale * Math.Pow(kind.Base, -2.0 * i / keyWidth) / (kind.Divisors?[i] ?? 1);
        }
        var positions = Scalars.Range(tokens).to_type(ScalarType.Float64).view(tokens, 1, 1);
        var angles = positions * tensor(frequencies, [1, 1, frequencies.Length]);
        return new RotaryPositions(Prepared(cat([angles, angles], -1).cos()), Prepared(angles.sin()));

        Tensor Prepared(Tensor values) => values.to_type(ScalarType.Float32).to(device).MoveToOuterDisposeScope();
    }

    /// <summary>The same, which multiplies what it turns.</summary>
    public RotaryPositions Times(double factor) => new(_cosine.Times(factor), _sine.Times(factor));

    /// <summary>Turns queries or keys, [B, T, H, N], in fp32.</summary>
    public Tensor Turn(Tensor x)
    {
        using var scope = NewDisposeScope();
        var (values, half) = (x.InFp32(), x.shape[3] / 2);
        var (first, second) = (values.narrow(3, 0, half), values.narrow(3, half, half));
        // In place, as the memory is the time: half of what products and sums of their own take.
        var turned = values * _cosine;
        turned.narrow(3, 0, half).AddProduct(second, _sine, -1);
        turned.narrow(3, half, half).AddProduct(first, _sine, 1);
        return turned.MoveToOuterDisposeScope();
    }
}
