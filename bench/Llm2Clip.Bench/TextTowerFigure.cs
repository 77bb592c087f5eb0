using Llm2Clip.Data;
using Llm2Clip.Layers;
using Llm2Clip.Models.Text;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using LayerNorm = TorchSharp.Modules.LayerNorm;
using Linear = TorchSharp.Modules.Linear;
using Module = TorchSharp.torch.nn.Module<TorchSharp.torch.Tensor, TorchSharp.torch.Tensor>;

namespace Llm2Clip.Bench;

/// <summary>
/// Forward and backward pass of a text tower of ViT-B/16's size with 248 positions, on real captions, five of an image joined, which are
/// cut after the longest one's end; against the same tower of TorchSharp's own layers, in the same process, with the padding kept.
/// </summary>
internal static class TextTowerFigure
{
    private const int Batch = 32;
    private const int Positions = 248;
    private const int Rounds = 3;

    public static IEnumerable<Figure> Measure(string shard, string vocabulary)
    {
        var tokenizer = ClipTokenizer.Open(vocabulary);
        var rows = tokenizer.Encode(Captions(shard), Positions, truncate: true).Rows;
        var shape = ClipTextConfig.Base with { Positions = Positions };
        using var ours = new ClipTextModel(shape, CPU);
        ours.Initialize(1);
        ours.Precision = Precision.Bf16;
        using var plain = new PlainText(shape, tokenizer.Size);
        using var ids = tensor(
            rows.SelectMany(row => row.Concat(Enumerable.Repeat(0, Positions - row.Length))).Select(id => (long)id).ToArray(),
            [Batch, Positions]);
        var times = Turns.Medians(
            Rounds,
            Turns.Time(() => Step(() => ours.Encode(rows), ours)),
            Turns.Time(() => Step(() => plain.call(ids), plain)));
        yield return Figure.AtMost(
            "text",
            $"forward and backward pass of a text tower of B/16's size, {Batch} captions of {rows.Average(row => row.Length):0} tokens, "
            + $"the longest {rows.Max(row => row.Length)}, of {Positions} positions, bf16, {get_num_threads()} threads",
            $"{times[0]:0.00} s", $"plain TorchSharp, padded to {Positions}, {times[1]:0.00} s", times[0] / times[1], 0.7);
    }

    private static string[] Captions(string shard)
    {
        var data = new DataConfig { JoinCaptions = true };
        return
        [
            .. Datasets.ReadAll(Datasets.Open(shard, data, SilentLog.Instance), data, SilentLog.Instance)
                .SelectMany(sample => sample.Captions)
                .Where(caption => caption is { Language: "en", Kind: CaptionKind.Long }).Select(caption => caption.Text).Take(Batch),
        ];
    }

    private static void Step(Func<Tensor> encode, TorchSharp.torch.nn.Module model)
    {
        using var scope = NewDisposeScope();
        model.zero_grad();
        encode().sum().backward();
    }

    /// <summary>The tower as users of TorchSharp write it.</summary>
    private sealed class PlainText : Module
    {
        private readonly Embedding _tokens;
        private readonly Parameter _positions;
        private readonly Sequential _blocks;
        private readonly LayerNorm _norm;
        private readonly Linear _projection;

        public PlainText(ClipTextConfig shape, int vocabulary)
            : base(nameof(PlainText))
        {
            var sizes = new PlainSizes(
                Batch, 0, 0, shape.Width, shape.Heads, shape.Layers, shape.MlpWidth, shape.EmbedDim, TeacherDim: 0, AdapterWidth: 0);
            _tokens = Embedding(vocabulary, shape.Width);
            _positions = new Parameter(randn(Positions, shape.Width) * 0.01);
            _blocks = Sequential(Enumerable.Range(0, shape.Layers)
                .Select(block => ($"{block}", (Module)new PlainBlock(sizes, bf16: true, isCausal: true))));
            _norm = LayerNorm(shape.Width);
            _projection = Linear(shape.Width, shape.EmbedDim, hasBias: false);
            RegisterComponents();
        }

        public override Tensor forward(Tensor ids)
        {
            var states = _norm.call(_blocks.call(_tokens.call(ids) + _positions));
            var ends = ids.argmax(1);
            return _projection.Apply(states[arange(ids.shape[0]), ends], bf16: true).to(float32);
        }
    }
}
