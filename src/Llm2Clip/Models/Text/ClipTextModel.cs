using Llm2Clip.Layers;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using LayerNorm = Llm2Clip.Layers.LayerNorm;
using Linear = Llm2Clip.Layers.Linear;

namespace Llm2Clip.Models.Text;

/// <summary>
/// The text half of CLIP (https://arxiv.org/abs/2103.00020), as Hugging Face names it:
/// <code>
/// ids -> token embeddings + positions -> N x ( x + attention(layer_norm1 x) ; x + fc2 act(fc1 layer_norm2 x) )
///     -> final_layer_norm -> the token that is pooled -> projection (no bias)
/// </code>
/// A token sees itself and those before it. With two tables of positions (beichenzbc/Long-CLIP 3966af9 model/model_longclip.py#L359) the
/// first rows are those of a frozen one. Shapes: B texts, T ids, W width, D embed dim.
/// Reference: transformers 5.23 models/clip/modeling_clip.py, openai/CLIP d05afc4 clip/model.py.
/// </summary>
public sealed class ClipTextModel : nn.Module<Tensor, Tensor>
{
    private const string ProjectionName = "text_projection";

    private readonly TextTower _tower;
    private readonly Linear? _projection; // [D, W]

    /// <summary>A model with zero weights; <see cref="Initialize"/> or <see cref="ClipTextWeights"/> fills them.</summary>
    public ClipTextModel(ClipTextConfig config, Device device)
        : base(nameof(ClipTextModel))
    {
        config.Validate("model");
        Config = config;
        _tower = new TextTower(config, device);
        _projection = config.HasProjection ? new Linear(config.Width, config.EmbedDim, bias: false, device) : null;
        register_module("text_model", _tower);
        if (_projection is not null)
        {
            register_module(ProjectionName, _projection);
        }
    }

    /// <summary>Its shape.</summary>
    public ClipTextConfig Config { get; }

    /// <summary>Format of matrix products.</summary>
    public Precision Precision
    {
        get => modules().OfType<IProducts>().First().Precision;
        set => this.SetPrecision(value);
    }

    /// <summary>The tables of positions.</summary>
    internal TextEmbeddings Embeddings => _tower.Embeddings;

    /// <summary>Stochastic depth; off until a trainer begins a pass.</summary>
    internal TrainingNoise Noise => _tower.Noise;

    /// <summary>What the names of each block's parameters begin with, from the input on.</summary>
    internal IReadOnlyList<string> BlockNames =>
        [.. Enumerable.Range(0, Config.Layers).Select(block => $"text_model.encoder.layers.{block}")];

    /// <summary>What the names of parameters before block 0 begin with.</summary>
    internal IReadOnlyList<string> EmbeddingNames { get; } = ["text_model.embeddings"];

    /// <summary>Parameters of two dimensions that have no weight decay all the same, as those of the vision towers.</summary>
    internal IReadOnlyList<string> UndecayedNames { get; } = [TextEmbeddings.PositionsPath, TextEmbeddings.TrainedPath];

    /// <summary>Sets the rate of stochastic depth of the last block; it rises linearly from 0 at the first.</summary>
    internal void SetDropPath(double rate) => _tower.Blocks.SetDropPath(rate);

    /// <summary>
    /// OpenAI's initialization (openai/CLIP d05afc4 clip/model.py#L299): tokens normal with 0.02, positions with 0.01, blocks as in its
    /// transformer, the projection with width^-0.5.
    /// </summary>
    /// <param name="seed">Seed of all weights.</param>
    public void Initialize(ulong seed)
    {
        var init = new WeightInit(seed);
        init.Normal(_tower.Embeddings.Tokens, 0.02);
        init.Normal(_tower.Embeddings.Positions, 0.01);
        _tower.Blocks.Initialize(init);
        if (_projection is not null)
        {
            init.Normal(_projection.Weight, Math.Pow(Config.Width, -0.5));
        }
        if (_tower.Embeddings.Trained is { } trained)
        {
            using var off = no_grad();
            trained.copy_(_tower.Embeddings.Positions);
        }
    }

    /// <summary>
    /// Captions to text features [B, D], fp32, not normalized. Only as many positions are computed as the longest caption has up to the
    /// token that is pooled: what is behind it does not count, as no token sees those behind it.
    /// </summary>
    /// <exception cref="ArgumentException">A text is empty, has too many ids or no end token.</exception>
    public Tensor Encode(IReadOnlyList<int[]> rows)
    {
        using var scope = NewDisposeScope();
        var pooled = PooledPlaces(rows);
        var length = pooled.Max() + 1;
        var ids = new long[rows.Count * length];
        for (var row = 0; row < rows.Count; row++)
        {
            for (var i = 0; i < Math.Min(length, rows[row].Length); i++)
            {
                ids[row * length + i] = rows[row][i];
            }
        }
        var device = _tower.Embeddings.Tokens.device;
        var states = _tower.States(tensor(ids, [rows.Count, length], device: device), null);
        return Project(_tower.Pool(states, pooled)).MoveToOuterDisposeScope();
    }

    /// <summary>Ids [B, T], int64 and padded, to text features [B, D], fp32, not normalized.</summary>
    public override Tensor forward(Tensor ids) => Encode(ids, null);

    /// <summary>
    /// <see cref="forward"/> that also shows <c>hidden.0</c> (tokens with their positions) to <c>hidden.N</c>, whose last but one is
    /// what Stable Diffusion XL takes, <c>last_hidden_state</c> (after the last norm; Stable Diffusion 1 takes it) and <c>pooled</c>. All
    /// positions are computed, padding too. The tensors live until <paramref name="probe"/> returns.
    /// </summary>
    public Tensor Encode(Tensor ids, Action<string, Tensor>? probe)
    {
        using var scope = NewDisposeScope();
        var places = PooledPlaces(RowsOf(ids));
        var states = _tower.States(ids, probe);
        if (probe is not null)
        {
            probe("last_hidden_state", _tower.Norm(states));
        }
        var pooled = _tower.Pool(states, places);
        probe?.Invoke("pooled", pooled);
        return Project(pooled).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// All weights, with one table of positions: where there are two, the rows of each that count. In the current dispose scope.
    /// </summary>
    internal IReadOnlyList<(string Name, Tensor Weight)> Merged()
    {
        using var off = no_grad();
        var parameters = named_parameters().Where(p => p.name != TextEmbeddings.TrainedPath);
        return
        [
            .. parameters.Select(p => (p.name, p.name == TextEmbeddings.PositionsPath ? _tower.Embeddings.Table() : p.parameter)),
        ];
    }

    private static int[][] RowsOf(Tensor ids)
    {
        using var scope = NewDisposeScope();
        var all = ids.cpu().contiguous().data<long>().ToArray();
        return [.. all.Chunk((int)ids.shape[1]).Select(row => Array.ConvertAll(row, id => (int)id))];
    }

    /// <summary>Place of the token that gives each text's vector.</summary>
    private int[] PooledPlaces(IReadOnlyList<int[]> rows)
    {
        var places = new int[rows.Count];
        for (var row = 0; row < places.Length; row++)
        {
            var ids = rows[row];
            if (ids.Length == 0 || ids.Length > Config.Positions)
            {
                throw new ArgumentException($"Text {row} has {ids.Length} ids; there are {Config.Positions} positions.", nameof(rows));
            }
            if (ids.AsSpan().ContainsAnyExceptInRange(0, Config.VocabularySize - 1))
            {
                throw new ArgumentException($"Text {row} has an id beyond the {Config.VocabularySize} of the vocabulary.", nameof(rows));
            }
            places[row] = Array.IndexOf(ids, Config.Pooling == TextPooling.FirstEnd ? Config.EndToken : ids.Max());
            if (places[row] < 0)
            {
                throw new ArgumentException($"Text {row} has no end token ({Config.EndToken}), at which it would be pooled.", nameof(rows));
            }
        }
        return places;
    }

    private Tensor Project(Tensor pooled)
    {
        using var scope = NewDisposeScope();
        return (_projection is null ? pooled : _projection.call(pooled)).InFp32().MoveToOuterDisposeScope(); // [B, D]
    }
}

/// <summary>All of the text model but its projection; named as Hugging Face's <c>text_model</c>.</summary>
internal sealed class TextTower : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "embeddings")]
    private readonly TextEmbeddings _embeddings;

    [ComponentName(Name = "encoder")]
    private readonly TransformerBlocks _blocks;

    [ComponentName(Name = "final_layer_norm")]
    private readonly LayerNorm _norm;

    public TextTower(ClipTextConfig config, Device device)
        : base(nameof(TextTower))
    {
        _embeddings = new TextEmbeddings(config, device);
        _blocks = new TransformerBlocks(config.Blocks, device, Noise);
        _norm = new LayerNorm(config.Width, config.LayerNormEpsilon, device);
        RegisterComponents();
    }

    /// <summary>Stochastic depth of the blocks.</summary>
    public TrainingNoise Noise { get; } = new();

    /// <summary>Tokens and positions.</summary>
    public TextEmbeddings Embeddings => _embeddings;

    /// <summary>The blocks.</summary>
    public TransformerBlocks Blocks => _blocks;

    public override Tensor forward(Tensor ids) => States(ids, null);

    /// <summary>Ids [B, T] to states [B, T, W] before the last norm, fp32; <c>hidden.0</c> to <c>hidden.N</c> are shown.</summary>
    public Tensor States(Tensor ids, Action<string, Tensor>? probe)
    {
        using var scope = NewDisposeScope();
        return _blocks.Pass(_embeddings.call(ids), firstTokenOnly: false, probe).MoveToOuterDisposeScope();
    }

    /// <summary>States [B, T, W] after the last norm.</summary>
    public Tensor Norm(Tensor states) => _norm.call(states);

    /// <summary>The normed states of one token per text, [B, W].</summary>
    public Tensor Pool(Tensor states, int[] places)
    {
        using var scope = NewDisposeScope();
        long[] rows = [.. places.Select((place, row) => row * states.shape[1] + place)];
        var picked = states.reshape(-1, states.shape[2]).index_select(0, tensor(rows, device: states.device));
        return _norm.call(picked).MoveToOuterDisposeScope();
    }
}

/// <summary>Token embeddings and positions, ids [B, T] to [B, T, W].</summary>
internal sealed class TextEmbeddings : nn.Module<Tensor, Tensor>
{
    /// <summary>Name of the positions in the model.</summary>
    public const string PositionsPath = "text_model.embeddings.position_embedding.weight";

    /// <summary>Name of the second table of positions in the model.</summary>
    public const string TrainedPath = "text_model.embeddings.position_embedding_res.weight";

    [ComponentName(Name = "token_embedding")]
    private readonly WeightOnly _tokens; // [V, W]

    [ComponentName(Name = "position_embedding")]
    private readonly WeightOnly _positions; // [P, W]

    [ComponentName(Name = "position_embedding_res")]
    private readonly WeightOnly? _trained; // [P, W]

    private readonly int _kept;

    public TextEmbeddings(ClipTextConfig config, Device device)
        : base(nameof(TextEmbeddings))
    {
        _kept = config.KeptPositions;
        _tokens = new WeightOnly([config.VocabularySize, config.Width], device);
        _positions = new WeightOnly([config.Positions, config.Width], device);
        _trained = _kept > 0 ? new WeightOnly([config.Positions, config.Width], device) : null;
        RegisterComponents();
        if (_trained is not null)
        {
            _positions.Weight.requires_grad = false;
        }
    }

    /// <summary>[V, W].</summary>
    public Parameter Tokens => _tokens.Weight;

    /// <summary>[P, W]; frozen where there is a second table.</summary>
    public Parameter Positions => _positions.Weight;

    /// <summary>The second table, [P, W], whose rows count from the kept positions on; null where there is one table.</summary>
    public Parameter? Trained => _trained?.Weight;

    public override Tensor forward(Tensor ids)
    {
        using var scope = NewDisposeScope();
        var shape = ids.shape;
        var tokens = Tokens.index_select(0, ids.reshape(-1)).view(shape[0], shape[1], Tokens.shape[1]);
        return tokens.Plus(Table().narrow(0, 0, shape[1])).MoveToOuterDisposeScope();
    }

    /// <summary>The positions that count, [P, W]; the parameter itself where there is one table.</summary>
    public Tensor Table() => Trained is null
        ? Positions
        : cat([Positions.narrow(0, 0, _kept), Trained.narrow(0, _kept, Positions.shape[0] - _kept)], 0);
}
