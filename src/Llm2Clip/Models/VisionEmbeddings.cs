using Llm2Clip.Layers;
using TorchSharp;
using TorchSharp.Utils;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace Llm2Clip.Models;

/// <summary>
/// The tokens of an image, [B, 3, H, W] to [B, T, W]: [class ; registers ; patches], class token and patches with their learned positions,
/// as far as the family has them.
/// </summary>
internal sealed class VisionEmbeddings : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "class_embedding")]
    private readonly Parameter? _classToken; // [W]

    [ComponentName(Name = "patch_embedding")]
    private readonly PatchEmbedding _patches; // [W, 3, P, P]

    [ComponentName(Name = "position_embedding")]
    private readonly WeightOnly _positions; // [C + G*G, W]

    [ComponentName(Name = "register_tokens")]
    private readonly Parameter? _registers; // [R, W]

    [ComponentName(Name = "mask_token")]
    private readonly Parameter? _maskToken; // [W], kept for who pretrains further elsewhere

    private readonly VisionConfig _config;

    public VisionEmbeddings(VisionConfig config, Device device)
        : base(nameof(VisionEmbeddings))
    {
        _config = config;
        long width = config.Width;
        _classToken = config.ClassToken ? OwnedWeights.New([width], device) : null;
        _patches = new PatchEmbedding(config.Width, config.PatchSize, config.PatchBias, device, config.CutsEdge);
        _positions = new WeightOnly([(config.ClassToken ? 1 : 0) + (long)config.Grid * config.Grid, width], device);
        _registers = config.RegisterCount > 0 ? OwnedWeights.New([config.RegisterCount, width], device) : null;
        _maskToken = config.MaskToken ? OwnedWeights.New([width], device) : null;
        RegisterComponents();
        if (_maskToken is not null)
        {
            _maskToken.requires_grad = false;
        }
    }

    /// <summary>The patches.</summary>
    public PatchEmbedding Patches => _patches;

    /// <summary>The positions, [C + G*G, W].</summary>
    public Parameter Positions => _positions.Weight;

    /// <summary>The class token, [W]; null where there is none.</summary>
    public Parameter? ClassToken => _classToken;

    public override Tensor forward(Tensor pixels) => Embed(pixels, new TrainingNoise(), 0).Tokens;

    /// <summary>Tokens [B, T, W] before the first norm, and how attention turns them where the family has rotary positions.</summary>
    /// <param name="pixels">[B, 3, H, W], normalized.</param>
    /// <param name="noise">Draws the patches that are left out.</param>
    /// <param name="patchDropout">Share of patches left out.</param>
    public (Tensor Tokens, RotaryTable? Rotary) Embed(Tensor pixels, TrainingNoise noise, double patchDropout)
    {
        var (rows, columns) = _patches.Grid(pixels);
        using var scope = NewDisposeScope();
        var batch = pixels.shape[0];
        var kept = noise.KeptTokens(batch, rows * columns, patchDropout);
        var table = PositionTable.For(_positions.Weight, _config.Grid, rows, columns, _config.ClassToken, _config.Positions);
        var own = _classToken is null ? table : table.narrow(0, 1, rows * columns);
        var patches = _patches.Embed(pixels, own, kept); // [B, K, W], fp32
        List<Tensor> parts = [];
        if (_classToken is not null)
        {
            parts.Add(_classToken.Plus(table.select(0, 0)).expand(batch, 1, _config.Width));
        }
        if (_registers is not null)
        {
            parts.Add(_registers.expand(batch, -1, -1));
        }
        var tokens = parts.Count == 0 ? patches : cat([.. parts, patches], 1);
        var rotary = _config.RotaryGrid is { } native
            ? RotaryTable.For(
                _config.Width / _config.Heads, native, rows, columns, (int)(tokens.shape[1] - patches.shape[1]), pixels.device, kept, batch)
            : null;
        rotary?.MoveToOuterDisposeScope();
        return (tokens.MoveToOuterDisposeScope(), rotary);
    }
}
