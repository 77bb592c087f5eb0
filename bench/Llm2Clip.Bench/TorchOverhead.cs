using System.Globalization;
using TorchSharp;
using F = TorchSharp.torch.nn.functional;

namespace Llm2Clip.Bench;

/// <summary>
/// What the binding costs: microseconds of small operations (a view, an addition in place, a sum of 8 numbers, a product of
/// 8x8), where the library's own work is next to nothing, and one transformer block (batch 32, 50 tokens, width 384, 6 heads)
/// forward and backward, where the binding must not be felt, against the same in Python's torch. The best of several rounds.
/// </summary>
internal static class TorchOverhead
{
    private const int Batch = 32;
    private const int Tokens = 50;
    private const int Width = 384;
    private const int Heads = 6;
    private const int Calls = 20_000;
    private const int Blocks = 5;
    private const int Rounds = 5;

    private const string Program = """
        import sys, torch
        import torch.nn.functional as F
        batch, tokens, width, heads, calls, blocks = map(int, sys.argv[1:7])
        torch.set_num_threads(int(sys.argv[7])); torch.manual_seed(1)
        def many(count, body):
            def run():
                for _ in range(count): body()
            return run
        x, m = torch.randn(8), torch.randn(8, 8)
        view, add_ = many(calls, lambda: x.view(2, 4)), many(calls, lambda: x.add_(1.0))
        sum_, matmul = many(calls, lambda: x.sum()), many(calls, lambda: m.matmul(m))
        shapes = dict(qkv=(3 * width, width), out=(width, width), up=(4 * width, width), down=(width, 4 * width))
        w = {k: (torch.randn(s) * 0.02).requires_grad_() for k, s in shapes.items()}
        g = [torch.ones(width, requires_grad=True) for _ in range(2)]; b = [torch.zeros(width, requires_grad=True) for _ in range(2)]
        h = torch.randn(batch, tokens, width)
        def one():
            q, k, v = F.linear(F.layer_norm(h, (width,), g[0], b[0]), w["qkv"]).view(batch, tokens, 3, heads, -1).permute(2, 0, 3, 1, 4).unbind(0)
            a = ((q * (width // heads) ** -0.5) @ k.transpose(-2, -1)).softmax(-1) @ v
            y = h + F.linear(a.transpose(1, 2).reshape(batch, tokens, width), w["out"])
            u = F.linear(F.layer_norm(y, (width,), g[1], b[1]), w["up"])
            (y + F.linear(u * torch.sigmoid(1.702 * u), w["down"])).square().mean().backward()
        block = many(blocks, one)
        """;

    public static int Run(string[] args)
    {
        torch.manual_seed(1);
        string[] arguments = [.. new[] { Batch, Tokens, Width, Heads, Calls, Blocks, torch.get_num_threads() }.Select(number => number.ToString(CultureInfo.InvariantCulture))];
        using var python = new PythonSide(Program, arguments);
        using var scope = torch.NewDisposeScope();
        var (x, m) = (torch.randn(8), torch.randn(8, 8));
        (string Name, int Count, Action Body)[] operations =
        [
            ("view", Calls, () => x.view(2, 4)), ("add_", Calls, () => x.add_(1.0f)), ("sum_", Calls, () => x.sum()), ("matmul", Calls, () => m.matmul(m)),
            ("block", Blocks, new Block().Step),
        ];
        foreach (var (name, count, body) in operations)
        {
            var times = Turns.Medians(Rounds, Turns.Time(() => Many(count, body)), () => python.Call(name));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{name.TrimEnd('_'),-7} here {times[0] / count * 1e6,10:F2} us, Python {times[1] / count * 1e6,10:F2} us; ratio {times[1] / times[0]:F2}"));
        }
        return 0;
    }

    /// <summary>Every hundred calls in a scope of their own.</summary>
    private static void Many(int count, Action body)
    {
        for (var i = 0; i < count; i += 100)
        {
            using var scope = torch.NewDisposeScope();
            for (var j = i; j < Math.Min(i + 100, count); j++)
            {
                body();
            }
        }
    }

    /// <summary>A pre-norm transformer block of QuickGELU, the loss its mean square.</summary>
    private sealed class Block
    {
        private readonly torch.Tensor input = torch.randn(Batch, Tokens, Width);
        private readonly torch.Tensor qkv = Weight(3 * Width, Width);
        private readonly torch.Tensor output = Weight(Width, Width);
        private readonly torch.Tensor up = Weight(4 * Width, Width);
        private readonly torch.Tensor down = Weight(Width, 4 * Width);
        private readonly torch.Tensor[] gains = [torch.ones([Width], requires_grad: true), torch.ones([Width], requires_grad: true)];
        private readonly torch.Tensor[] biases = [torch.zeros([Width], requires_grad: true), torch.zeros([Width], requires_grad: true)];

        public void Step()
        {
            using var scope = torch.NewDisposeScope();
            var parts = F.linear(Norm(input, 0), qkv).view(Batch, Tokens, 3, Heads, Width / Heads).permute(2, 0, 3, 1, 4).unbind(0); // 3 x [B, h, N, d]
            var weights = (parts[0] * MathF.Pow(Width / Heads, -0.5f)).matmul(parts[1].transpose(-2, -1)).softmax(-1);               // [B, h, N, N]
            var heads = weights.matmul(parts[2]).transpose(1, 2).reshape(Batch, Tokens, Width);                                     // [B, N, W]
            var hidden = input + F.linear(heads, output);
            var wide = F.linear(Norm(hidden, 1), up);                                                                               // [B, N, 4W]
            (hidden + F.linear(wide * torch.sigmoid(1.702f * wide), down)).square().mean().backward();
        }

        private torch.Tensor Norm(torch.Tensor hidden, int number) => F.layer_norm(hidden, [Width], gains[number], biases[number]);

        private static torch.Tensor Weight(long rows, long columns) => (torch.randn(rows, columns) * 0.02f).requires_grad_();
    }
}
