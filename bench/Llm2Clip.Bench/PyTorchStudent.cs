using System.Globalization;
using static TorchSharp.torch;

namespace Llm2Clip.Bench;

/// <summary>
/// The step of <see cref="StudentStep"/> in PyTorch with its autocast, the usual way, with the faster of two of its AdamWs: a second anchor
/// without a target, where Python has PyTorch. Debian's is old (1.13), and computes attention in single operations; on a GPU, whose PyTorch
/// the user installs, it uses its fused attention.
/// </summary>
internal static class PyTorchStudent
{
    /// <summary>Functions <c>fp32_KIND</c> and <c>bf16_KIND</c>, with a kind for each of <see cref="Optimizers"/>.</summary>
    public static PythonSide Start()
    {
        var vision = StudentStep.Config.Vision;
        int[] sizes = [StudentStep.Batch, vision.ImageSize, vision.PatchSize, vision.Width, vision.Heads, vision.Layers, StudentStep.Steps];
        return PythonSide.Start(Program, [.. sizes.Select(size => size.ToString(CultureInfo.InvariantCulture)), StudentStep.PlaceName]);
    }

    /// <summary>PyTorch's AdamWs that come into question on the device.</summary>
    public static string[] Optimizers => StudentStep.Place.type == TorchSharp.DeviceType.CPU ? ["loop", "foreach"] : ["foreach", "fused"];

    private const string Program = """
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
                self.blocks = nn.Sequential(*[Block() for _ in range(layers)])
                self.proj = nn.Linear(width, 512, bias=False)
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
        pixels = torch.randint(0, 256, (batch, image, image, 3), dtype=torch.uint8)
        texts, labels = torch.randn(batch, 640, device=device), torch.arange(batch, device=device)
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
