using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Layers;

/// <summary>
/// Mimetic initialization (Trockman and Kolter 2023, https://arxiv.org/abs/2305.09828): attention starts with the pattern that trained
/// vision transformers show. A head's query-key product is near the identity, so a token looks at tokens that resemble it in content and,
/// with sinusoidal positions, at its neighbors; the output-value product is near the negative identity. It replaces a part of what a
/// transformer learns from many images, so it helps where there are few.
/// </summary>
internal static class MimeticInit
{
    /// <summary>Share of noise and of the identity in a head's query-key product.</summary>
    private const double KeyNoise = 0.7, KeyIdentity = 0.7;

    /// <summary>Share of noise and of the negative identity in the output-value product.</summary>
    private const double ValueNoise = 0.4, ValueIdentity = 0.4;

    /// <summary>
    /// Fills a head's rows of query and key [head, W] so that query^T key is the best approximation of that rank of 0.7 Z + 0.7 I, the
    /// elements of Z normal with deviation W^-0.5.
    /// </summary>
    public static void QueryKey(WeightInit init, Tensor query, Tensor key)
    {
        using var scope = NewDisposeScope();
        var (left, right) = Factors(init, query.shape[1], query.shape[0], KeyNoise, KeyIdentity);
        Set(query, left.t());
        Set(key, right);
    }

    /// <summary>Fills output and value [W, W] so that output value = 0.4 Z - 0.4 I.</summary>
    public static void OutputValue(WeightInit init, Tensor output, Tensor value)
    {
        using var scope = NewDisposeScope();
        var (left, right) = Factors(init, value.shape[1], value.shape[0], ValueNoise, -ValueIdentity);
        Set(output, left);
        Set(value, right);
    }

    /// <summary>
    /// Sinusoidal positions of a G x G grid, row by row after a class token of zeros: a quarter of the width each for sine and cosine of
    /// column and row, wavelengths from 2 pi to 20,000 pi patches. [1 + G*G, W]; what is left where 4 does not divide W is zero.
    /// </summary>
    public static void Positions(Tensor positions, int grid)
    {
        var width = (int)positions.shape[1];
        var quarter = width / 4;
        var values = new float[(1 + grid * grid) * width];
        for (var token = 0; token < grid * grid; token++)
        {
            var row = values.AsSpan((1 + token) * width, width);
            for (var i = 0; i < quarter; i++)
            {
                var frequency = Math.Pow(10_000, -(double)i / Math.Max(1, quarter - 1));
                var (sineX, cosineX) = Math.SinCos(token % grid * frequency);
                var (sineY, cosineY) = Math.SinCos(token / grid * frequency);
                (row[i], row[quarter + i]) = ((float)sineX, (float)cosineX);
                (row[2 * quarter + i], row[3 * quarter + i]) = ((float)sineY, (float)cosineY);
            }
        }
        using var scope = NewDisposeScope();
        Set(positions, tensor(values, positions.shape));
    }

    /// <summary>
    /// L [W, rank] and R [rank, W] with L R the best approximation of noise Z + identity I, singular values shared evenly.
    /// </summary>
    private static (Tensor Left, Tensor Right) Factors(WeightInit init, long width, long rank, double noise, double identity)
    {
        var product = zeros([width, width]);
        init.Normal(product, noise * Math.Pow(width, -0.5));
        var (u, s, vh) = linalg.svd(product.Plus(eye(width).Times((float)identity)), fullMatrices: false);
        var root = s.narrow(0, 0, rank).sqrt(); // [rank]
        return (u.narrow(1, 0, rank) * root, vh.narrow(0, 0, rank) * root.unsqueeze(1));
    }

    private static void Set(Tensor weight, Tensor values)
    {
        using var off = no_grad();
        weight.copy_(values);
    }
}
