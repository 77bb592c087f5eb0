using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Layers;

/// <summary>
/// Rotary positions of patches in two dimensions, as EVA02 has them (https://arxiv.org/abs/2303.11331; LLM2CLIP cba3b45 eva_clip/rope.py,
/// VisionRotaryEmbeddingFast): the first half of a head turns by the row, the second by the column. Neighboring elements (2j, 2j + 1) are a
/// pair that turns by t * 10000^(-4j / head), t = index / grid * native. Tokens before the patches do not turn.
/// </summary>
internal sealed class RotaryTable
{
    private const double Theta = 10_000;

    private readonly Tensor _cosine; // [T, N], or [B, 1, T, N] where samples keep different patches
    private readonly Tensor _sine;

    private RotaryTable(Tensor cosine, Tensor sine) => (_cosine, _sine) = (cosine, sine);

    /// <summary>The table of a grid, in the current dispose scope.</summary>
    /// <param name="head">Width of a head, N; a multiple of 4.</param>
    /// <param name="native">Side of the grid that the frequencies were trained at; another one is stretched to it.</param>
    /// <param name="rows">Rows of patches.</param>
    /// <param name="columns">Columns of patches.</param>
    /// <param name="before">Tokens before the patches.</param>
    /// <param name="device">Where to compute.</param>
    /// <param name="kept">[B * K] rows of the flattened [B * patches] that patch dropout keeps; null for all.</param>
    /// <param name="batch">B, where patches are dropped.</param>
    public static RotaryTable For(int head, int native, long rows, long columns, int before, Device device, long[]? kept, long batch)
    {
        using var scope = NewDisposeScope();
        var angles = Angles(head, native, rows, columns); // patches first
        var patches = rows * columns;
        var picked = kept is null ? angles : new float[kept.Length * head];
        for (var i = 0; kept is not null && i < kept.Length; i++)
        {
            Array.Copy(angles, kept[i] % patches * head, picked, (long)i * head, head);
        }
        var samples = kept is null ? 1 : batch;
        var turned = tensor(picked, [samples, 1, picked.Length / head / samples, head], device: device);
        var all = cat([zeros([samples, 1, before, head], device: device), turned], 2); // [B or 1, 1, T, N]
        return new RotaryTable(all.cos().MoveToOuterDisposeScope(), all.sin().MoveToOuterDisposeScope());
    }

    /// <summary>Cosines of the patches' angles, [B or 1, 1, T, N] with T counting all tokens.</summary>
    public Tensor Cosine => _cosine;

    /// <summary>Sines of the same angles.</summary>
    public Tensor Sine => _sine;

    /// <summary>Leaves the table to the scope outside the current one.</summary>
    public void MoveToOuterDisposeScope()
    {
        _cosine.MoveToOuterDisposeScope();
        _sine.MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Turns queries or keys [B, H, Q, N], in fp32, and returns them in their own format. Q may be fewer than the table's tokens: its
    /// first.
    /// </summary>
    public Tensor Turn(Tensor x)
    {
        using var scope = NewDisposeScope();
        var (cosine, sine) = (_cosine.narrow(2, 0, x.shape[2]), _sine.narrow(2, 0, x.shape[2]));
        var values = x.InFp32();
        var pairs = values.view([.. x.shape[..3], x.shape[3] / 2, 2]).unbind(-1);
        var quarter = stack([pairs[1].neg(), pairs[0]], -1).flatten(-2); // each pair turned by 90 degrees
        return (values * cosine).Plus(quarter * sine).to_type(x.dtype).MoveToOuterDisposeScope();
    }

    /// <summary>Angle of every element of every patch, [rows * columns, head].</summary>
    private static float[] Angles(int head, int native, long rows, long columns)
    {
        var angles = new float[rows * columns * head];
        var half = head / 2;
        for (var patch = 0L; patch < rows * columns; patch++)
        {
            var (row, column) = ((double)(patch / columns) / rows * native, (double)(patch % columns) / columns * native);
            for (var i = 0; i < half; i++)
            {
                var frequency = Math.Pow(Theta, -(double)(i / 2 * 2) / half);
                angles[patch * head + i] = (float)(row * frequency);
                angles[patch * head + half + i] = (float)(column * frequency);
            }
        }
        return angles;
    }
}
