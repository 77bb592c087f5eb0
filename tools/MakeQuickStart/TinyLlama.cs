using System.ComponentModel;
using Llm2Clip.Layers;
using Llm2Clip.Weights.Gguf;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.MakeQuickStart;

/// <summary>Shape of the tiny language model.</summary>
public sealed record TinyLlamaConfig
{
    [Description("Hidden width; a multiple of 32, so that rows fit Q8_0.")]
    public int Width { get; init; } = 192;

    [Description("Transformer blocks.")]
    public int Layers { get; init; } = 4;

    [Description("Attention heads; width / heads must be even.")]
    public int Heads { get; init; } = 6;

    [Description("Width of the gated MLP; a multiple of 32.")]
    public int FeedForward { get; init; } = 512;

    [Description("Longest text in tokens that the file announces.")]
    public int Context { get; init; } = 512;

    /// <summary>Epsilon inside the root of the norms.</summary>
    public float Epsilon { get; init; } = 1e-5f;

    /// <summary>Base of the rotary angles.</summary>
    public float RopeBase { get; init; } = 10000;
}

/// <summary>
/// A decoder of llama.cpp's architecture "llama" in tensors: RMS norms, rotary positions on neighbouring dimensions (2i, 2i+1) as
/// that architecture has them, causal attention, SwiGLU, output matrix tied to the embeddings. Weights carry GGUF's names.
/// Shapes: B texts, T tokens, W width, H heads, D = W / H, V vocabulary.
/// </summary>
public sealed class TinyLlama : IDisposable
{
    private readonly Dictionary<string, Tensor> _weights = [];
    private readonly List<string> _names = [];

    /// <summary>Random weights from a seed: normal, the layers that write to the residual stream scaled down by its depth.</summary>
    public TinyLlama(TinyLlamaConfig config, int vocabulary, ulong seed)
    {
        Config = config;
        using var scope = NewDisposeScope();
        using var generator = new Generator(seed);
        var (w, f) = (config.Width, config.FeedForward);
        var residual = 0.04 / Math.Sqrt(2 * config.Layers);
        Normal("token_embd.weight", vocabulary, w, 0.05);
        for (var layer = 0; layer < config.Layers; layer++)
        {
            Ones($"blk.{layer}.attn_norm.weight");
            Normal($"blk.{layer}.attn_q.weight", w, w, 0.04);
            Normal($"blk.{layer}.attn_k.weight", w, w, 0.04);
            Normal($"blk.{layer}.attn_v.weight", w, w, 0.04);
            Normal($"blk.{layer}.attn_output.weight", w, w, residual);
            Ones($"blk.{layer}.ffn_norm.weight");
            Normal($"blk.{layer}.ffn_gate.weight", f, w, 0.04);
            Normal($"blk.{layer}.ffn_up.weight", f, w, 0.04);
            Normal($"blk.{layer}.ffn_down.weight", w, f, residual);
        }
        Ones("output_norm.weight");

        void Normal(string name, long rows, long columns, double deviation)
        {
            using var drawn = randn(rows, columns, generator: generator);
            Keep(name, drawn.Times(deviation));
        }

        void Ones(string name) => Keep(name, ones(w));
    }

    /// <summary>Shape.</summary>
    public TinyLlamaConfig Config { get; }

    /// <summary>All weights by GGUF name, in the order of the file; all are trained.</summary>
    public IEnumerable<(string Name, Tensor Value)> Weights => _names.Select(name => (name, _weights[name]));

    /// <summary>States after the final norm [B, T, W] of token ids [B, T] (int64).</summary>
    public Tensor HiddenStates(Tensor ids)
    {
        using var scope = NewDisposeScope();
        var (b, t) = (ids.shape[0], ids.shape[1]);
        var (cos, sin) = Rotation(t);
        var future = Scalars.Filled([t, t], double.NegativeInfinity).triu(1); // [T, T]
        var x = _weights["token_embd.weight"].index_select(0, ids.reshape(-1)).reshape(b, t, Config.Width); // [B, T, W]
        for (var layer = 0; layer < Config.Layers; layer++)
        {
            x = x.Plus(Attention(Norm(x, $"blk.{layer}.attn_norm.weight"), layer, cos, sin, future));
            x = x.Plus(FeedForward(Norm(x, $"blk.{layer}.ffn_norm.weight"), layer));
        }
        return Norm(x, "output_norm.weight").MoveToOuterDisposeScope();
    }

    /// <summary>Mean cross-entropy of predicting ids[:, 1:] from ids[:, :-1] of ids [B, T + 1], in nats; a scalar.</summary>
    public Tensor Loss(Tensor ids)
    {
        using var scope = NewDisposeScope();
        var t = ids.shape[1] - 1;
        var states = HiddenStates(ids.narrow(1, 0, t)).reshape(-1, Config.Width); // [B T, W]
        var logits = states.matmul(_weights["token_embd.weight"].transpose(0, 1)); // [B T, V]
        var target = ids.narrow(1, 1, t).reshape(-1, 1); // [B T, 1]
        return logits.log_softmax(-1).gather(1, target).mean().neg().MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        foreach (var weight in _weights.Values)
        {
            weight.Dispose();
        }
    }

    private Tensor Attention(Tensor x, int layer, Tensor cos, Tensor sin, Tensor future)
    {
        var (b, t, h) = (x.shape[0], x.shape[1], Config.Heads);
        var d = Config.Width / h;
        Tensor Heads(string name) => Linear(x, $"blk.{layer}.{name}.weight").reshape(b, t, h, d).transpose(1, 2); // [B, H, T, D]
        var (q, k, v) = (Rotate(Heads("attn_q"), cos, sin), Rotate(Heads("attn_k"), cos, sin), Heads("attn_v"));
        var scores = q.matmul(k.transpose(-1, -2)).Times(1 / Math.Sqrt(d)).Plus(future); // [B, H, T, T]
        var mixed = scores.softmax(-1).matmul(v).transpose(1, 2).reshape(b, t, Config.Width);
        return Linear(mixed, $"blk.{layer}.attn_output.weight");
    }

    private Tensor FeedForward(Tensor x, int layer)
    {
        var gate = Linear(x, $"blk.{layer}.ffn_gate.weight");
        return Linear(gate.silu() * Linear(x, $"blk.{layer}.ffn_up.weight"), $"blk.{layer}.ffn_down.weight");
    }

    private Tensor Linear(Tensor x, string name) => x.matmul(_weights[name].transpose(0, 1));

    private Tensor Norm(Tensor x, string name) => x * x.Squared().mean([-1], keepdim: true).Plus(Config.Epsilon).rsqrt() * _weights[name];

    /// <summary>Pairs (x[2i], x[2i+1]) of [B, H, T, D] turned by position times base^(-2i / D).</summary>
    private static Tensor Rotate(Tensor x, Tensor cos, Tensor sin)
    {
        var shape = x.shape;
        var pairs = x.reshape(shape[0], shape[1], shape[2], shape[3] / 2, 2);
        var (even, odd) = (pairs.select(-1, 0), pairs.select(-1, 1));
        return stack([(even * cos) - (odd * sin), (even * sin).Plus(odd * cos)], -1).reshape(shape);
    }

    /// <summary>Cosines and sines [T, D / 2].</summary>
    private (Tensor Cos, Tensor Sin) Rotation(long t)
    {
        var half = Config.Width / Config.Heads / 2;
        var angles = new float[t * half];
        for (var position = 0; position < t; position++)
        {
            for (var i = 0; i < half; i++)
            {
                angles[(position * half) + i] = (float)(position * Math.Pow(Config.RopeBase, -(double)i / half));
            }
        }
        var tensor = torch.tensor(angles, [t, half]);
        return (tensor.cos(), tensor.sin());
    }

    private void Keep(string name, Tensor value)
    {
        _names.Add(name);
        _weights.Add(name, value.detach().requires_grad_().DetachFromDisposeScope());
    }
}

/// <summary>Writes a <see cref="TinyLlama"/> with its vocabulary as a GGUF file that llama.cpp loads.</summary>
internal static class TinyLlamaGguf
{
    /// <summary>
    /// Writes matrices as <paramref name="type"/> (F16, F32 or Q8_0) and norms as F32; the file appears complete or not at all.
    /// </summary>
    public static void Write(string path, TinyLlama model, SentencePieceVocabulary vocabulary, GgufType type)
    {
        var config = model.Config;
        var writer = new GgufWriter()
            .Add("general.architecture", "llama")
            .Add("general.name", "llm2clip quick start")
            .Add("general.file_type", type switch { GgufType.F32 => 0u, GgufType.F16 => 1u, _ => 7u })
            .Add("llama.block_count", (uint)config.Layers)
            .Add("llama.context_length", (uint)config.Context)
            .Add("llama.embedding_length", (uint)config.Width)
            .Add("llama.feed_forward_length", (uint)config.FeedForward)
            .Add("llama.attention.head_count", (uint)config.Heads)
            .Add("llama.attention.head_count_kv", (uint)config.Heads)
            .Add("llama.attention.layer_norm_rms_epsilon", config.Epsilon)
            .Add("llama.rope.dimension_count", (uint)(config.Width / config.Heads))
            .Add("llama.rope.freq_base", config.RopeBase)
            .Add("llama.vocab_size", (uint)vocabulary.Count)
            .Add("tokenizer.ggml.model", "llama")
            .Add("tokenizer.ggml.tokens", vocabulary.Tokens.ToArray())
            .Add("tokenizer.ggml.scores", vocabulary.Scores.ToArray())
            .Add("tokenizer.ggml.token_type", vocabulary.Kinds.ToArray())
            .Add("tokenizer.ggml.bos_token_id", (uint)SentencePieceVocabulary.Bos)
            .Add("tokenizer.ggml.eos_token_id", (uint)SentencePieceVocabulary.Eos)
            .Add("tokenizer.ggml.unknown_token_id", 0u)
            .Add("tokenizer.ggml.add_bos_token", true)
            .Add("tokenizer.ggml.add_eos_token", false)
            .Add("tokenizer.ggml.add_space_prefix", true);
        foreach (var (name, value) in model.Weights)
        {
            // GGUF lists dimensions fastest first; the memory order is torch's.
            var shape = value.shape.Reverse().ToArray();
            using var scope = NewDisposeScope();
            var flat = value.detach().reshape(-1);
            writer.AddTensor(name, shape.Length == 1 ? GgufType.F32 : type, shape, flat.data<float>().ToArray());
        }
        writer.Write(path);
    }
}
