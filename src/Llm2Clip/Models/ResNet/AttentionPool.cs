using Llm2Clip.Layers;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using Linear = Llm2Clip.Layers.Linear;

namespace Llm2Clip.Models.ResNet;

/// <summary>
/// CLIP's attention pooling: the map's elements and their mean as tokens, with positions; the mean asks all of them, and the answer is
/// projected (openai/CLIP dcba3cb clip/model.py#L58). W channels, G x G the map of the native size, D the length of the features.
/// </summary>
internal sealed class AttentionPool : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "positional_embedding")]
    private readonly Parameter _positions; // [1 + G*G, W]

    [ComponentName(Name = "k_proj")]
    private readonly Linear _key; // [W, W]

    [ComponentName(Name = "q_proj")]
    private readonly Linear _query; // [W, W]

    [ComponentName(Name = "v_proj")]
    private readonly Linear _value; // [W, W]

    [ComponentName(Name = "c_proj")]
    private readonly Linear _projection; // [D, W]

    private readonly int _grid;
    private readonly int _heads;

    /// <summary>Weights are zero until initialized or loaded.</summary>
    public AttentionPool(int width, int grid, int heads, int embedDim, Device device)
        : base(nameof(AttentionPool))
    {
        (_grid, _heads) = (grid, heads);
        _positions = OwnedWeights.New([1 + (long)grid * grid, width], device);
        _key = new Linear(width, width, bias: true, device);
        _query = new Linear(width, width, bias: true, device);
        _value = new Linear(width, width, bias: true, device);
        _projection = new Linear(width, embedDim, bias: true, device);
        RegisterComponents();
    }

    /// <summary>The positions at a grid of rows x columns, [1 + rows * columns, W].</summary>
    public Tensor Positions(long rows, long columns) =>
        PositionTable.For(_positions, _grid, rows, columns, rule: PositionRule.BicubicAntialias);

    /// <summary>The answer to the mean, before the projection: [B, W, H, W'] to [B, W], fp32.</summary>
    public Tensor Attend(Tensor map)
    {
        using var scope = NewDisposeScope();
        var (batch, width) = (map.shape[0], map.shape[1]);
        var tokens = map.InFp32().permute(0, 2, 3, 1).reshape(batch, -1, width);               // [B, N, W]
        tokens = cat([tokens.mean([1], keepdim: true), tokens], 1).Plus(Positions(map.shape[2], map.shape[3])); // [B, 1 + N, W]
        var query = _query.call(tokens.narrow(1, 0, 1));                                        // [B, 1, W]
        var answer = Attention.Attend(cat([_key.call(tokens), _value.call(tokens)], 2), _heads, query); // [B, 1, W]
        return answer.select(1, 0).InFp32().MoveToOuterDisposeScope();
    }

    /// <summary>[B, W] to [B, D], fp32.</summary>
    public Tensor Project(Tensor answer)
    {
        using var scope = NewDisposeScope();
        return _projection.call(answer).InFp32().MoveToOuterDisposeScope();
    }

    /// <summary>Both, one after the other.</summary>
    public override Tensor forward(Tensor map)
    {
        using var scope = NewDisposeScope();
        return Project(Attend(map)).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// OpenAI's initialization: positions and all four products normal with width^-0.5, biases torch's (openai/CLIP dcba3cb
    /// clip/model.py#L61 and #L303).
    /// </summary>
    public void Initialize(WeightInit init)
    {
        var deviation = Math.Pow(_positions.shape[1], -0.5);
        init.Normal(_positions, deviation);
        foreach (var layer in new[] { _key, _query, _value, _projection })
        {
            init.TorchDefault(layer.Weight, layer.Bias);
            init.Normal(layer.Weight, deviation);
        }
    }
}
