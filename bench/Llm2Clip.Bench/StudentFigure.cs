using System.Globalization;
using Llm2Clip.Layers;
using Llm2Clip.Models;
using Llm2Clip.Models.Text;
using Llm2Clip.Training;
using Llm2Clip.Training.Optimizer;
using TorchSharp;
using static TorchSharp.torch;

namespace Llm2Clip.Bench;

/// <summary>
/// A training step of the student (normalise pixels, both encoders, InfoNCE, backward, clip, AdamW) against the same model written the
/// usual way in PyTorch with the fastest of its AdamWs: CLIP's ViT-S/32 on the CPU, ViT-B/16 where there is a GPU (and PyTorch there uses its
/// fused attention).
/// </summary>
internal static class StudentFigure
{
    private const int TeacherDim = 640;
    private const int Rounds = 9;
    private const int Steps = 3;

    private static readonly Device Place = cuda.is_available() ? CUDA : CPU;

    private static readonly int Batch = Place.type == DeviceType.CPU ? 16 : 256;

    private static readonly StudentConfig Config = Place.type == DeviceType.CPU
        ? new() { ImageSize = 224, PatchSize = 32, Width = 384, Heads = 6, Layers = 12, EmbedDim = 512, AdapterBlocks = 1 }
        : new() { ImageSize = 224, PatchSize = 16, Width = 768, Heads = 12, Layers = 12, EmbedDim = 512, AdapterBlocks = 1 };

    public static IEnumerable<Figure> Measure()
    {
        using var python = new PythonSide(Reference, [.. new[] { Batch, Config.Vision.ImageSize, Config.Vision.PatchSize, Config.Vision.Width, Config.Vision.Heads, Config.Vision.Layers, Steps }
            .Select(size => size.ToString(CultureInfo.InvariantCulture)), Place.type == DeviceType.CPU ? "cpu" : "cuda"]);
        foreach (var precision in new[] { Precision.Fp32, Precision.Bf16 })
        {
            var name = precision.ToString().ToLowerInvariant();
            using var step = new Step(precision);
            string[] optimizers = Place.type == DeviceType.CPU ? ["loop", "foreach"] : ["foreach", "fused"];
            var times = Turns.Medians(Rounds, [Turns.Time(step.Run), .. optimizers.Select(kind => (Func<double>)(() => python.Call($"{name}_{kind}")))]);
            var fastest = times[1] <= times[2] ? 0 : 1;
            var (ours, theirs) = (times[0] / Steps, times[1 + fastest] / Steps);
            yield return Figure.AtMost(
                "student",
                $"training step of ViT-{(Config.Vision.Width == 384 ? "S" : "B")}/{Config.Vision.PatchSize}, {Batch} pictures of 224 x 224, {name}, {(Place.type == DeviceType.CPU ? $"{get_num_threads()} threads" : "GPU")}",
                $"{ours * 1e3:0} ms",
                $"PyTorch {theirs * 1e3:0} ms ({optimizers[fastest]} AdamW)",
                ours / theirs,
                0.9);
        }
    }

    /// <summary>The step here alone, fp32 or bf16, a line every three steps: to profile, or to try a setting.</summary>
    public static int Alone(string[] args)
    {
        using var step = new Step(args is ["bf16", ..] ? Precision.Bf16 : Precision.Fp32);
        var rounds = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 10;
        for (var round = 0; round < rounds; round++)
        {
            Console.WriteLine($"{Turns.Time(step.Run)() / Steps * 1e3:0} ms");
        }
        return 0;
    }

    private sealed class Step : IDisposable
    {
        private readonly Student _student = Student.Create(Config, TeacherDim, Math.Log(1 / 0.07), 1, Place);
        private readonly FlatParameters _flat;
        private readonly FlatAdamW _optimizer;
        private readonly byte[] _pixels = new byte[Batch * Config.Vision.ImageSize * Config.Vision.ImageSize * 3];
        private readonly Tensor _vectors = randn([Batch, TeacherDim], device: Place);

        public Step(Precision precision)
        {
            _student.Precision = precision;
            var named = _student.NamedParameters();
            var groups = ParameterGroups.Build(
                named.Select(p => (p.Name, p.Parameter.shape.Length)), Config.Vision.Layers, new GroupOptions(1e-3, 1e-3, 1e-3, 0.2), LayerNaming.Of(_student.ImageEncoder));
            _flat = new FlatParameters(named, groups);
            _optimizer = new FlatAdamW(_flat, new AdamWOptions());
            new Random(1).NextBytes(_pixels);
        }

        public void Run()
        {
            for (var i = 0; i < Steps; i++)
            {
                using var scope = NewDisposeScope();
                _flat.ZeroGradients();
                GradCache.Backward(
                    [
                        new EncoderPass(1, _ => _student.ImageEncoder.Encode(Pixels.Normalize(Pixels.ToTensor(_pixels, Batch, Config.Vision.ImageSize, Place), _student.Transform))),
                        new EncoderPass(1, _ => _student.TextAdapter.call(_vectors)),
                    ],
                    features => Losses.ClipInfoNce(features[0], features[1], _student.LogitScale));
                _optimizer.Step(1, FlatAdamW.ClipScale(_flat.GradientNorm(), 1));
            }
            if (Place.type == DeviceType.CUDA)
            {
                cuda.synchronize();
            }
        }

        public void Dispose()
        {
            _vectors.Dispose();
            _optimizer.Dispose();
            _flat.Dispose();
            _student.Dispose();
        }
    }

    private const string Reference = """
        import os, sys, torch, torch.nn as nn, torch.nn.functional as F
        batch, image, patch, width, heads, layers, steps = map(int, sys.argv[1:8])
        device = sys.argv[8]
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
                if device == 'cuda':
                    a = F.scaled_dot_product_attention(q, k, v)
                else:
                    a = (q @ k.transpose(-2, -1) * (width // heads) ** -0.5).softmax(-1) @ v
                x = x + self.out(a.transpose(1, 2).reshape(b, t, width))
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
        mean, std = torch.tensor([.481, .458, .408], device=device), torch.tensor([.269, .261, .276], device=device)
        pixels, texts, labels = torch.randint(0, 256, (batch, image, image, 3), dtype=torch.uint8), torch.randn(batch, 640, device=device), torch.arange(batch, device=device)
        def trainer(bf16, kind):
            vision, adapter, scale = Vision().to(device), Adapter().to(device), nn.Parameter(torch.tensor(2.659, device=device))
            weights = [*vision.parameters(), *adapter.parameters(), scale]
            opt = torch.optim.AdamW(weights, 1e-3, (.9, .98), 1e-6, .2, **{kind: True} if kind != 'loop' else {'foreach': False})
            def run():
                for _ in range(steps):
                    opt.zero_grad(set_to_none=True)
                    with torch.autocast(device, torch.bfloat16, enabled=bf16):
                        x = ((pixels.to(device).float() / 255 - mean) / std).permute(0, 3, 1, 2)
                        a, b = vision(x), adapter(texts)
                    logits = scale.exp() * F.normalize(a.float(), dim=-1) @ F.normalize(b.float(), dim=-1).t()
                    loss = (F.cross_entropy(logits, labels) + F.cross_entropy(logits.t(), labels)) / 2
                    loss.backward()
                    nn.utils.clip_grad_norm_(weights, 1.)
                    opt.step()
                if device == 'cuda':
                    torch.cuda.synchronize()
            return run
        for kind in ('loop', 'foreach') if device == 'cpu' else ('foreach', 'fused'):
            globals()['fp32_' + kind], globals()['bf16_' + kind] = trainer(False, kind), trainer(True, kind)
        """;
}
