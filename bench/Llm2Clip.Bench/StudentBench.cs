using System.Diagnostics;
using System.Globalization;
using Llm2Clip.Engine.Torch;
using Llm2Clip.Layers;
using Llm2Clip.Training;
using Llm2Clip.Vision;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Bench;

/// <summary>
/// Time of a training step of the student (normalise pixels, both encoders, InfoNCE, backward, clip, AdamW) against the same model
/// written the usual way in PyTorch, both in fp32 and bf16, one after the other. Arguments: batch image patch width heads layers.
/// </summary>
internal static class StudentBench
{
    private const int TeacherDim = 640;
    private const int EmbedDim = 512;

    public static int Run(string[] args)
    {
        var sizes = args.Length == 6 ? Array.ConvertAll(args, int.Parse) : [250, 96, 16, 192, 3, 6];
        var (batch, config) = (sizes[0], new StudentConfig
        {
            ImageSize = sizes[1], PatchSize = sizes[2], Width = sizes[3], Heads = sizes[4], Layers = sizes[5], EmbedDim = EmbedDim, AdapterBlocks = 1,
        });
        var fp32 = Measure(config, batch, Precision.Fp32);
        var bf16 = Measure(config, batch, Precision.Bf16);
        var python = Python.Run(Reference, [.. sizes.Select(size => size.ToString(CultureInfo.InvariantCulture))]);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"Student step, batch {batch}, {config.ImageSize}/{config.PatchSize}, width {config.Width}, {config.Layers} blocks, {get_num_threads()} threads (best of several)"));
        Print("fp32", fp32, python["fp32"]);
        Print("bf16", bf16, python["bf16"]);
        return 0;
    }

    private static void Print(string name, double own, double other) => Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture, $"  {name}: {own * 1e3:0} ms, PyTorch {other * 1e3:0} ms, PyTorch / ours = {other / own:0.00}"));

    private static double Measure(StudentConfig config, int batch, Precision precision)
    {
        using var student = StudentModel.Create(config, TeacherDim, Math.Log(1 / 0.07), 1, CPU);
        student.Precision = precision;
        var named = student.NamedParameters();
        var groups = ParameterGroups.Build(
            named.Select(p => (p.Name, p.Parameter.shape.Length)), config.Layers, new GroupOptions(1e-3, 1e-3, 1e-3, 0.2), LayerNaming.HuggingFace);
        using var flat = new FlatParameters(named, groups);
        using var optimizer = new FlatAdamW(flat, new AdamWOptions());
        var bytes = new byte[batch * config.ImageSize * config.ImageSize * 3];
        new Random(1).NextBytes(bytes);
        using var outer = NewDisposeScope();
        var vectors = randn([batch, TeacherDim]);
        var best = double.MaxValue;
        for (var i = 0; i < 8; i++)
        {
            var clock = Stopwatch.StartNew();
            flat.ZeroGradients();
            GradCache.Backward(
                [
                    new EncoderPass(1, _ => student.ImageEncoder.call(Pixels.Normalise(Pixels.ToTensor(bytes, batch, config.ImageSize, CPU), student.Transform))),
                    new EncoderPass(1, _ => student.TextAdapter.call(vectors)),
                ],
                features => Losses.ClipInfoNce(features[0], features[1], student.LogitScale));
            optimizer.Step(1, FlatAdamW.ClipScale(flat.GradientNorm(), 1));
            best = Math.Min(best, clock.Elapsed.TotalSeconds);
        }
        return best;
    }

    private const string Reference = """
        import sys, time, torch, torch.nn as nn, torch.nn.functional as F
        batch, image, patch, width, heads, layers = map(int, sys.argv[1:])
        import os
        torch.set_num_threads(len(os.sched_getaffinity(0)))
        class Block(nn.Module):
            def __init__(self):
                super().__init__()
                self.n1, self.n2 = nn.LayerNorm(width), nn.LayerNorm(width)
                self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
                self.fc1, self.fc2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
            def forward(self, x):
                b, t, _ = x.shape
                q, k, v = self.qkv(self.n1(x)).view(b, t, 3, heads, -1).permute(2, 0, 3, 1, 4)
                a = (q @ k.transpose(-2, -1) * (width // heads) ** -0.5).softmax(-1)
                x = x + self.out((a @ v).transpose(1, 2).reshape(b, t, width))
                return x + self.fc2(F.gelu(self.fc1(self.n2(x))))
        class Vision(nn.Module):
            def __init__(self):
                super().__init__()
                self.patch = nn.Conv2d(3, width, patch, patch, bias=False)
                self.cls = nn.Parameter(torch.randn(width) * .02)
                self.pos = nn.Parameter(torch.randn((image // patch) ** 2 + 1, width) * .02)
                self.pre, self.post = nn.LayerNorm(width), nn.LayerNorm(width)
                self.blocks, self.proj = nn.Sequential(*[Block() for _ in range(layers)]), nn.Linear(width, 512, bias=False)
            def forward(self, x):
                x = self.patch(x).flatten(2).transpose(1, 2)
                x = torch.cat([self.cls.expand(x.shape[0], 1, -1), x], 1) + self.pos
                return self.proj(self.post(self.blocks(self.pre(x))[:, 0]))
        class Adapter(nn.Module):
            def __init__(self):
                super().__init__()
                self.fn = nn.Sequential(nn.LayerNorm(640), nn.Linear(640, 1280), nn.GELU(), nn.Linear(1280, 640))
                self.end = nn.Sequential(nn.LayerNorm(640), nn.Linear(640, 512))
            def forward(self, x):
                x = F.normalize(x, dim=-1)
                return self.end(x + self.fn(x))
        torch.manual_seed(0)
        mean, std = torch.tensor([.481, .458, .408]), torch.tensor([.269, .261, .276])
        pixels, texts, labels = torch.randint(0, 256, (batch, image, image, 3), dtype=torch.uint8), torch.randn(batch, 640), torch.arange(batch)
        for name in ('fp32', 'bf16'):
            vision, adapter, scale = Vision(), Adapter(), nn.Parameter(torch.tensor(2.659))
            weights = [*vision.parameters(), *adapter.parameters(), scale]
            opt, best = torch.optim.AdamW(weights, 1e-3, (.9, .98), 1e-6, .2), 1e9
            for _ in range(8):
                start = time.perf_counter()
                opt.zero_grad(set_to_none=True)
                with torch.autocast('cpu', torch.bfloat16, enabled=name == 'bf16'):
                    x = ((pixels.float() / 255 - mean) / std).permute(0, 3, 1, 2)
                    a, b = vision(x), adapter(texts)
                logits = scale.exp() * F.normalize(a.float(), dim=-1) @ F.normalize(b.float(), dim=-1).t()
                loss = (F.cross_entropy(logits, labels) + F.cross_entropy(logits.t(), labels)) / 2
                loss.backward()
                nn.utils.clip_grad_norm_(weights, 1.)
                opt.step()
                best = min(best, time.perf_counter() - start)
            print(f'{name}={best}')
        """;
}
