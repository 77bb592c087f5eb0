using Llm2Clip.Layers;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Llm2Clip.Teachers.Decoder;

/// <summary>What the blocks see of a batch, by their kind.</summary>
/// <param name="Full">Blocks that see all of the text.</param>
/// <param name="Sliding">Blocks that slide.</param>
internal sealed record DecoderViews(AttentionView Full, AttentionView Sliding);

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

    /// <summary>Token embeddings, [vocabulary, W].</summary>
    public Tensor Embeddings => _embeddings;

    /// <summary>Sizes and architecture.</summary>
    public DecoderShape Shape { get; }

    /// <summary>Randomness of a pass in training, where something in the blocks has any; each block draws its own.</summary>
    public TrainingNoise? Noise { get; set; }

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
        var blocks = BlocksUpTo(places.Max());
        var views = Views(batch, attention, fullWindow, blocks);
        var x = Embed(batch.Ids);
        Keep(0, x);
        for (var block = 0; block < blocks; block++)
        {
            var before = x;
            x = Pass(block, x, views);
            if (!Array.Exists(found, kept => ReferenceEquals(kept, before)))
            {
                before.Dispose();
            }
            Keep(block + 1, x);
        }
        if (places.Contains(TeacherLayer.Final))
        {
            Keep(TeacherLayer.Final, Norm(x));
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

    /// <summary>How many blocks are run for the states at a place, as <see cref="TeacherLayer.Block"/> counts.</summary>
    public int BlocksUpTo(int place) => Math.Min(Shape.Blocks, place);

    /// <summary>What the first <paramref name="blocks"/> blocks see of a batch, as <see cref="Run"/> takes it.</summary>
    public DecoderViews Views(TokenBatch batch, TeacherAttention attention, bool fullWindow, int blocks)
    {
        var isCausal = attention == TeacherAttention.Causal;
        var full = View(batch, Shape.Rotary, batch.Mask(isCausal, window: null, isCentered: false));
        var sliding = Enumerable.Range(0, blocks).Any(Shape.IsSliding)
            ? View(
                batch, Shape.SlidingRotary,
                batch.Mask(isCausal, fullWindow && !isCausal ? null : Shape.Window, Shape.Family.HasCenteredWindow))
            : full;
        return new DecoderViews(full, sliding);
    }

    /// <summary>The token embeddings as they enter the first block, [B, T, W], fp32.</summary>
    public Tensor Embed(Tensor ids)
    {
        using var scope = NewDisposeScope();
        var rows = _embeddings.index_select(0, ids.view(-1)).view(ids.shape[0], ids.shape[1], Shape.Width).InFp32();
        return (Shape.Family.ScalesEmbeddings ? rows.Times(Math.Sqrt(Shape.Width)) : rows).MoveToOuterDisposeScope();
    }

    /// <summary>One block, counted from 0: [B, T, W] to [B, T, W], fp32.</summary>
    public Tensor Pass(int block, Tensor x, DecoderViews views)
    {
        Noise?.Enter(block);
        return _blocks[block].Pass(x, Shape.IsSliding(block) ? views.Sliding : views.Full);
    }

    /// <summary>The final norm.</summary>
    public Tensor Norm(Tensor x) => _norm.call(x);

    /// <inheritdoc cref="DecoderAttention.RestoreOrder"/>
    public void RestoreOrder()
    {
        foreach (var block in _blocks)
        {
            block.Attention.RestoreOrder();
        }
    }

    private AttentionView View(TokenBatch batch, RotaryKind kind, Tensor? mask)
    {
        var positions = RotaryPositions.Of(kind, Shape.KeyWidth, batch.Tokens, _device);
        return new AttentionView(positions.Times(Shape.AttentionScale), positions, mask);
    }
}
