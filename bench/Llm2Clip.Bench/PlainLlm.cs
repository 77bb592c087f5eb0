using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Llm2Clip.Bench;

// A decoder of the architecture gemma3 with LoRA as users of TorchSharp write it: as PlainModel.cs says. Frozen weights are fp32 and cast
// for each product, captions are taken in the order of the data and padded to the longest of their micro-batch.

/// <summary>The sizes of the model, and the lengths of a step's texts: queries, then positives, in the order of the data.</summary>
internal sealed record PlainLlmSizes(
    int[] Lengths, int MicroBatch, int Vocabulary, int Width, int Blocks, int Heads, int SharedHeads, int KeyWidth, int MlpWidth, int Rank);

/// <summary>A frozen product with a trained low-rank change.</summary>
internal sealed class PlainLora : Module<Tensor, Tensor>
{
    private readonly Parameter _weight, _down, _up;
    private readonly double _scale;
    private readonly bool _bf16;

    public PlainLora(long inputs, long outputs, int rank, bool bf16)
        : base(nameof(PlainLora))
    {
        (_scale, _bf16) = (2, bf16);
        _weight = Parameter(randn(outputs, inputs) * 0.02, requires_grad: false);
        _down = Parameter(randn(rank, inputs) * 0.02);
        _up = Parameter(zeros(outputs, rank));
        RegisterComponents();
    }

    public long Weights => _weight.numel() + _down.numel() + _up.numel();

    public override Tensor forward(Tensor x)
    {
        Tensor Cast(Tensor value) => _bf16 ? value.to(bfloat16) : value;
        var change = functional.linear(functional.linear(Cast(functional.dropout(x, 0.05, training: true)), Cast(_down)), Cast(_up));
        return functional.linear(Cast(x), Cast(_weight)) + change * _scale;
    }
}

internal sealed class PlainRmsNorm : Module<Tensor, Tensor>
{
    private readonly Parameter _weight;

    public PlainRmsNorm(long width)
        : base(nameof(PlainRmsNorm))
    {
        _weight = Parameter(ones(width), requires_grad: false);
        RegisterComponents();
    }

    public long Weights => _weight.numel();

    public override Tensor forward(Tensor x)
    {
        x = x.to(float32);
        return x * rsqrt(x.pow(2).mean([-1], keepdim: true) + 1e-6) * _weight;
    }
}

internal sealed class PlainDecoderBlock : Module<Tensor, Tensor, Tensor, Tensor>
{
    private readonly PlainLora _query, _key, _value, _output, _gate, _up, _down;
    private readonly PlainRmsNorm _before, _after, _beforeMlp, _afterMlp, _queryNorm, _keyNorm;
    private readonly PlainLlmSizes _sizes;
    private readonly bool _bf16;

    public PlainDecoderBlock(PlainLlmSizes sizes, bool bf16)
        : base(nameof(PlainDecoderBlock))
    {
        (_sizes, _bf16) = (sizes, bf16);
        PlainLora Product(long inputs, long outputs) => new(inputs, outputs, sizes.Rank, bf16);
        _query = Product(sizes.Width, sizes.Heads * sizes.KeyWidth);
        _key = Product(sizes.Width, sizes.SharedHeads * sizes.KeyWidth);
        _value = Product(sizes.Width, sizes.SharedHeads * sizes.KeyWidth);
        _output = Product(sizes.Heads * sizes.KeyWidth, sizes.Width);
        _gate = Product(sizes.Width, sizes.MlpWidth);
        _up = Product(sizes.Width, sizes.MlpWidth);
        _down = Product(sizes.MlpWidth, sizes.Width);
        (_before, _after, _beforeMlp, _afterMlp) = (new(sizes.Width), new(sizes.Width), new(sizes.Width), new(sizes.Width));
        (_queryNorm, _keyNorm) = (new(sizes.KeyWidth), new(sizes.KeyWidth));
        RegisterComponents();
    }

    public long Weights =>
        new[] { _query, _key, _value, _output, _gate, _up, _down }.Sum(product => product.Weights)
        + new[] { _before, _after, _beforeMlp, _afterMlp, _queryNorm, _keyNorm }.Sum(norm => norm.Weights);

    /// <summary>x [B, T, W], the angles of positions [T, N], and which keys are there [B, 1, 1, T].</summary>
    public override Tensor forward(Tensor x, Tensor angles, Tensor seen)
    {
        x = x + _after.call(Attend(_before.call(x), angles, seen));
        var inner = _beforeMlp.call(x);
        var gate = functional.gelu(_gate.call(inner), TorchSharp.Modules.GELU.Approximate.tanh);
        return x + _afterMlp.call(_down.call(gate * _up.call(inner)));
    }

    private Tensor Attend(Tensor x, Tensor angles, Tensor seen)
    {
        var (batch, tokens) = (x.shape[0], x.shape[1]);
        Tensor Heads(Tensor rows, int heads) => rows.view(batch, tokens, heads, _sizes.KeyWidth).transpose(1, 2);
        var query = Turn(_queryNorm.call(Heads(_query.call(x), _sizes.Heads)), angles);
        var key = Turn(_keyNorm.call(Heads(_key.call(x), _sizes.SharedHeads)), angles);
        var group = _sizes.Heads / _sizes.SharedHeads;
        key = key.repeat_interleave(group, 1);
        var value = Heads(_value.call(x), _sizes.SharedHeads).repeat_interleave(group, 1);
        var mixed = functional.scaled_dot_product_attention(
            _bf16 ? query.to(bfloat16) : query, _bf16 ? key.to(bfloat16) : key, value, seen);
        return _output.call(mixed.transpose(1, 2).reshape(batch, tokens, _sizes.Heads * _sizes.KeyWidth));
    }

    private static Tensor Turn(Tensor x, Tensor angles)
    {
        var halves = x.chunk(2, -1);
        return x * angles.cos() + cat([-halves[1], halves[0]], -1) * angles.sin();
    }
}

/// <summary>A step of caption-contrastive LoRA over the whole batch, in micro-batches (GradCache), with TorchSharp's AdamW.</summary>
internal sealed class PlainLlm : IPlainTraining
{
    private readonly PlainLlmSizes _sizes;
    private readonly Parameter _embeddings;
    private readonly ModuleList<PlainDecoderBlock> _blocks;
    private readonly PlainRmsNorm _norm;
    private readonly Parameter[] _trained;
    private readonly optim.Optimizer _optimizer;

    public PlainLlm(PlainLlmSizes sizes, bool bf16)
    {
        _sizes = sizes;
        _embeddings = Parameter(randn(sizes.Vocabulary, sizes.Width) * 0.02, requires_grad: false);
        _blocks = new ModuleList<PlainDecoderBlock>(
            [.. Enumerable.Range(0, sizes.Blocks).Select(_ => new PlainDecoderBlock(sizes, bf16))]);
        _norm = new PlainRmsNorm(sizes.Width);
        _trained = [.. _blocks.parameters().Where(weight => weight.requires_grad)];
        _optimizer = optim.AdamW(_trained, 2e-4, 0.9, 0.999, 1e-8, 0);
    }

    public long Weights => _embeddings.numel() + _blocks.Sum(block => block.Weights) + _norm.Weights;

    public float Step()
    {
        using var scope = NewDisposeScope();
        _optimizer.zero_grad();
        var parts = _sizes.Lengths.Chunk(_sizes.MicroBatch).ToList();
        Tensor vectors;
        using (no_grad())
        {
            vectors = cat([.. parts.Select((part, place) => Encode(part, place))], 0);
        }
        vectors = vectors.detach().requires_grad_(true);
        var normed = functional.normalize(vectors, dim: -1);
        var queries = _sizes.Lengths.Length / 2;
        var logits = normed.narrow(0, 0, queries).matmul(normed.narrow(0, queries, queries).t()) * 50;
        var loss = functional.cross_entropy(logits, arange(queries, dtype: int64));
        loss.backward();
        var gradients = vectors.grad!.split(_sizes.MicroBatch, 0);
        for (var part = 0; part < parts.Count; part++)
        {
            Encode(parts[part], part).backward([gradients[part]]);
        }
        nn.utils.clip_grad_norm_(_trained, 1);
        _optimizer.step();
        return loss.item<float>();
    }

    private Tensor Encode(int[] lengths, int seed)
    {
        using var scope = NewDisposeScope();
        manual_seed(seed); // the second pass leaves out what the first did
        var longest = lengths.Max();
        var ids = tensor([.. lengths.SelectMany(length => Enumerable.Range(0, longest).Select(i => i < length ? 2L + i : 0L))])
            .view(lengths.Length, longest);
        var seen = tensor([.. lengths.SelectMany(length => Enumerable.Range(0, longest).Select(i => i < length))])
            .view(lengths.Length, longest);
        var half = _sizes.KeyWidth / 2;
        var rates = (arange(half, dtype: float32) / half * -MathF.Log(1e6f)).exp();
        var angles = outer(arange(longest, dtype: float32), rates).repeat(1, 2);
        var x = _embeddings.index_select(0, ids.view(-1)).view(lengths.Length, longest, -1) * Math.Sqrt(_sizes.Width);
        var keys = seen.view(lengths.Length, 1, 1, longest);
        foreach (var block in _blocks)
        {
            x = block.call(x, angles, keys);
        }
        var counted = seen.to(float32).unsqueeze(-1);
        return ((_norm.call(x) * counted).sum(1) / counted.sum(1)).MoveToOuterDisposeScope();
    }
}
