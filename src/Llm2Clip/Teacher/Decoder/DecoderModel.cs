using Llm2Clip.Layers;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Llm2Clip.Teachers.Decoder;

/// <summary>
/// A decoder LLM in tensors, without its output head: token embeddings, blocks, final norm. One model serves all architectures of
/// <see cref="DecoderFamily"/>. Its own weights are frozen; gradients pass through them.
/// </summary>
internal sealed class DecoderModel : nn.Module
{
    [ComponentName(Name = "embed_tokens")]
    private readonly Parameter _embeddings; // [vocabulary, W]

    [ComponentName(Name = "layers")]
    private readonly ModuleList<DecoderBlock> _blocks;

    [ComponentName(Name = "norm")]
    private readonly RmsNorm _norm;

    private readonly Device _device;

    /// <summary>A model with zero weights.</summary>
    /// <param name="shape">Its shape.</param>
    /// <param name="precision">Format of products, of their weights and of the embeddings; norms are fp32.</param>
    /// <param name="device">Where to compute.</param>
    public DecoderModel(DecoderShape shape, Precision precision, Device device)
        : base(nameof(DecoderModel))
    {
        (Shape, _device) = (shape, device);
        _embeddings = OwnedWeights.New([shape.Vocabulary, shape.Width], device, dtype: WeightType(precision));
        _blocks = new ModuleList<DecoderBlock>(
            [.. Enumerable.Range(0, shape.Blocks).Select(_ => new DecoderBlock(shape, precision, device))]);
        _norm = new RmsNorm(shape.Width, shape.Epsilon, device);
        RegisterComponents();
        this.SetPrecision(precision);
        foreach (var parameter in parameters())
        {
            parameter.requires_grad = false;
        }
    }

    /// <summary>Sizes and architecture.</summary>
    public DecoderShape Shape { get; }

    /// <summary>Format of a frozen weight: that of the product that reads it.</summary>
    public static ScalarType WeightType(Precision precision) =>
        precision == Precision.Bf16 ? ScalarType.BFloat16 : ScalarType.Float32;

    /// <summary>
    /// The states of all tokens, [B, T, W] in fp32, at places of the model, in their order; those behind the end of a sequence are of no
    /// meaning. Blocks behind the last place are not computed. Differentiable.
    /// </summary>
    /// <param name="batch">The tokens.</param>
    /// <param name="attention">What a token sees.</param>
    /// <param name="fullWindow">Whether, with bidirectional attention, blocks that slide see the whole text. Without it they see a window
    /// of the past and all of the future, as in libllama, or a window around the token where the architecture has that.</param>
    /// <param name="places">As <see cref="TeacherLayer.Block"/> counts, each once.</param>
    public IReadOnlyList<Tensor> Run(TokenBatch batch, TeacherAttention attention, bool fullWindow, IReadOnlyList<int> places)
    {
        TeacherLayers.RequireBlocks(places, Shape.Blocks, "the model");
        using var scope = NewDisposeScope();
        var found = new Tensor[places.Count];
        var isCausal = attention == TeacherAttention.Causal;
        var blocks = Math.Min(Shape.Blocks, places.Max());
        var full = View(batch, Shape.Rotary, batch.Mask(isCausal, window: null, isCentered: false));
        var sliding = Enumerable.Range(0, blocks).Any(Shape.IsSliding)
            ? View(
                batch, Shape.SlidingRotary,
                batch.Mask(isCausal, fullWindow && !isCausal ? null : Shape.Window, Shape.Family.HasCenteredWindow))
            : full;
        var x = Embed(batch.Ids);
        Keep(0, x);
        for (var block = 0; block < blocks; block++)
        {
            var before = x;
            x = _blocks[block].Pass(x, Shape.IsSliding(block) ? sliding : full);
            if (!Array.Exists(found, kept => ReferenceEquals(kept, before)))
            {
                before.Dispose();
            }
            Keep(block + 1, x);
        }
        if (places.Contains(TeacherLayer.Final))
        {
            Keep(TeacherLayer.Final, _norm.call(x));
        }
        return [.. found.Select(states => states.MoveToOuterDisposeScope())];

        void Keep(int place, Tensor states)
        {
            for (var i = 0; i < places.Count; i++)
            {
                found[i] = places[i] == place ? states : found[i];
            }
        }
    }

    /// <inheritdoc cref="DecoderAttention.RestoreOrder"/>
    public void RestoreOrder()
    {
        foreach (var block in _blocks)
        {
            block.Attention.RestoreOrder();
        }
    }

    private Tensor Embed(Tensor ids)
    {
        using var scope = NewDisposeScope();
        var rows = _embeddings.index_select(0, ids.view(-1)).view(ids.shape[0], ids.shape[1], Shape.Width).InFp32();
        return (Shape.Family.ScalesEmbeddings ? rows.Times(Math.Sqrt(Shape.Width)) : rows).MoveToOuterDisposeScope();
    }

    private AttentionView View(TokenBatch batch, RotaryKind kind, Tensor? mask)
    {
        var positions = RotaryPositions.Of(kind, Shape.KeyWidth, batch.Tokens, _device);
        return new AttentionView(positions.Times(Shape.AttentionScale), positions, mask);
    }
}
