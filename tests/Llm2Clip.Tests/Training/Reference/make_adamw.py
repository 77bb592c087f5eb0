"""Numbers for LayerTests and OptimizerTests, from PyTorch (Debian's python3-torch 1.13). Run: /usr/bin/python3 make_layers.py > layers.json

A case is an operation with its arguments, tensors, output, and the gradients of sum(output * cotangent) with respect to every float tensor.
Tensors are [shape, flat values]. Optimizer cases hold a start, a gradient a step, and the parameter after each step.
"""

import json
import math
import sys

import torch
import torch.nn.functional as F

torch.manual_seed(20240607)
torch.set_num_threads(1)
torch.use_deterministic_algorithms(True)


def dump(t):
    return [list(t.shape), [float(f"{v:.9g}") for v in t.detach().double().flatten().tolist()]]


def case(op, run, args=None, **tensors):
    leaves = {n: t.clone().requires_grad_(t.is_floating_point() and n != "cotangent") for n, t in tensors.items()}
    out = run(leaves)
    cotangent = torch.randn_like(out)
    (out * cotangent).sum().backward()
    return {
        "op": op,
        "args": args or {},
        "tensors": {n: dump(t) for n, t in tensors.items()},
        "integers": [n for n, t in tensors.items() if not t.is_floating_point()],
        "cotangent": dump(cotangent),
        "output": dump(out),
        "gradients": {n: dump(t.grad) for n, t in leaves.items() if t.grad is not None},
    }


def module_case(op, module, x, args=None):
    state = {n: torch.randn_like(p) * 0.5 for n, p in module.named_parameters()}
    return case(op, lambda t: torch.nn.utils.stateless.functional_call(module, {n: t[n] for n in state}, (t["input"],)), args, input=x, **state)


def attention(t, causal):
    q, k, v = t["query"], t["key"], t["value"]
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
    if causal:
        scores = scores.masked_fill(torch.ones(scores.shape[-2:]).tril() == 0, -math.inf)
    elif "mask" in t:
        scores = scores + t["mask"]
    return scores.softmax(-1) @ v


nn, r = torch.nn, torch.randn
layers = {
    "linear": module_case("Linear", nn.Linear(5, 3), r(2, 4, 5), {"in": 5, "out": 3, "bias": True}),
    "linear-without-bias": module_case("Linear", nn.Linear(5, 3, bias=False), r(4, 5), {"in": 5, "out": 3, "bias": False}),
    "layer-norm": module_case("LayerNorm", nn.LayerNorm(6), r(2, 3, 6), {"shape": [6], "eps": 1e-5}),
    "layer-norm-two-dimensions": module_case("LayerNorm", nn.LayerNorm([3, 4], eps=1e-2), r(2, 3, 4), {"shape": [3, 4], "eps": 1e-2}),
    "conv2d-patches": module_case(
        "Conv2d", nn.Conv2d(3, 4, 2, stride=2, bias=False), r(2, 3, 4, 6),
        {"in": 3, "out": 4, "kernel": 2, "stride": 2, "padding": 0, "dilation": 1, "groups": 1, "bias": False}),
    "conv2d-all-options": module_case(
        "Conv2d", nn.Conv2d(4, 6, 3, stride=2, padding=2, dilation=2, groups=2), r(1, 4, 7, 6),
        {"in": 4, "out": 6, "kernel": 3, "stride": 2, "padding": 2, "dilation": 2, "groups": 2, "bias": True}),
    "embedding": module_case("Embedding", nn.Embedding(5, 3, padding_idx=1), torch.tensor([[0, 1, 4], [4, 2, 1]]), {"count": 5, "dim": 3, "padding": 1}),
    "sequential": module_case("Sequential", nn.Sequential(nn.Linear(4, 6), nn.GELU(), nn.LayerNorm(6), nn.Linear(6, 2)), r(3, 4)),
    "gelu": case("gelu", lambda t: F.gelu(t["input"]), input=r(4, 5) * 3),
    "gelu-tanh": case("gelu_tanh", lambda t: F.gelu(t["input"], approximate="tanh"), input=r(4, 5) * 3),
    "silu": case("silu", lambda t: F.silu(t["input"]), input=r(4, 5) * 3),
    "relu": case("relu", lambda t: F.relu(t["input"]), input=r(4, 5)),
    "softplus": case("softplus", lambda t: F.softplus(t["input"]), input=r(4, 5) * 10),
    "softmax": case("softmax", lambda t: F.softmax(t["input"], 1), input=r(2, 3, 4)),
    "log-softmax": case("log_softmax", lambda t: F.log_softmax(t["input"], -1), input=r(2, 3, 4)),
    "normalize": case("normalize", lambda t: F.normalize(t["input"], dim=-1), input=r(3, 4)),
    "cosine-similarity": case("cosine_similarity", lambda t: F.cosine_similarity(t["x1"], t["x2"], dim=1), x1=r(3, 4), x2=r(3, 4)),
    "cross-entropy": case("cross_entropy", lambda t: F.cross_entropy(t["input"], t["target"]), {"smoothing": 0.0, "reduction": 1}, input=r(4, 5), target=torch.tensor([0, 4, 2, 2])),
    "cross-entropy-smoothed-sum": case(
        "cross_entropy", lambda t: F.cross_entropy(t["input"], t["target"], label_smoothing=0.1, reduction="sum"), {"smoothing": 0.1, "reduction": 2},
        input=r(4, 5), target=torch.tensor([0, -100, 2, 3])),
    "cross-entropy-apart": case("cross_entropy", lambda t: F.cross_entropy(t["input"], t["target"], reduction="none"), {"smoothing": 0.0, "reduction": 0},
                                input=r(4, 5), target=torch.tensor([1, 1, 0, 3])),
    "bce-with-logits": case("bce_with_logits", lambda t: F.binary_cross_entropy_with_logits(t["input"], t["target"].double().to(t["input"].dtype)), input=r(3, 4), target=torch.randint(0, 2, (3, 4))),
    "mse": case("mse", lambda t: F.mse_loss(t["input"], t["target"]), input=r(3, 4), target=r(3, 4)),
    "attention": case("attention", lambda t: attention(t, False), {"causal": False}, query=r(2, 2, 3, 4), key=r(2, 2, 5, 4), value=r(2, 2, 5, 4)),
    "attention-causal": case("attention", lambda t: attention(t, True), {"causal": True}, query=r(2, 2, 4, 4), key=r(2, 2, 4, 4), value=r(2, 2, 4, 4)),
    "attention-mask": case("attention", lambda t: attention(t, False), {"causal": False}, query=r(1, 2, 3, 4), key=r(1, 2, 3, 4), value=r(1, 2, 3, 4), mask=r(3, 3)),
    "interpolate-bicubic": case("interpolate", lambda t: F.interpolate(t["input"], size=(7, 5), mode="bicubic"), {"size": [7, 5], "mode": "Bicubic", "antialias": False}, input=r(1, 2, 4, 4)),
    "interpolate-bicubic-antialias": case(
        "interpolate", lambda t: F.interpolate(t["input"], size=(3, 4), mode="bicubic", antialias=True), {"size": [3, 4], "mode": "Bicubic", "antialias": True}, input=r(1, 2, 8, 9)),
    "interpolate-bilinear": case("interpolate", lambda t: F.interpolate(t["input"], size=(3, 6), mode="bilinear"), {"size": [3, 6], "mode": "Bilinear", "antialias": False}, input=r(1, 1, 4, 4)),
    "affine-grid-sample": case(
        "grid", lambda t: F.grid_sample(t["input"], F.affine_grid(t["theta"], [2, 3, 4, 5], align_corners=False), align_corners=False), {"size": [2, 3, 4, 5]},
        input=r(2, 3, 5, 6), theta=r(2, 2, 3) * 0.4),
    "pad-constant": case("pad", lambda t: F.pad(t["input"], (1, 2, 0, 1), value=0.5), {"pad": [1, 2, 0, 1], "mode": "Constant", "value": 0.5}, input=r(1, 2, 3, 3)),
    "pad-reflect": case("pad", lambda t: F.pad(t["input"], (1, 2, 2, 1), mode="reflect"), {"pad": [1, 2, 2, 1], "mode": "Reflect", "value": 0.0}, input=r(1, 2, 3, 3)),
}


def optimizer_case(kind, make, args):
    start = [r(2, 3), r(4)]
    params = [nn.Parameter(p.clone()) for p in start]
    optimizer = make(params)
    steps = []
    for _ in range(3):
        gradients = [r(*p.shape) for p in params]
        for p, g in zip(params, gradients):
            p.grad = g.clone()
        optimizer.step()
        steps.append({"gradients": [dump(g) for g in gradients], "parameters": [dump(p) for p in params]})
    return {"kind": kind, "args": args, "start": [dump(p) for p in start], "steps": steps}



def optimizers():
    for name, kind, cls, args in [
        ("adamw", "AdamW", torch.optim.AdamW, dict(lr=0.1, betas=(0.8, 0.95), eps=1e-6, weight_decay=0.3)),
        ("adamw-amsgrad", "AdamW", torch.optim.AdamW, dict(lr=0.1, betas=(0.5, 0.6), eps=1e-8, weight_decay=0.0, amsgrad=True)),
        ("sgd", "SGD", torch.optim.SGD, dict(lr=0.1, weight_decay=0.2)),
        ("sgd-momentum", "SGD", torch.optim.SGD, dict(lr=0.1, momentum=0.9, dampening=0.1)),
        ("sgd-nesterov", "SGD", torch.optim.SGD, dict(lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.1)),
    ]:
        yield name, optimizer_case(kind, lambda p: cls(p, **args), args)


def clipping(max_norm):
    params = [nn.Parameter(torch.zeros(2, 3)), nn.Parameter(torch.zeros(4))]
    gradients = [r(2, 3), r(4)]
    for p, g in zip(params, gradients):
        p.grad = g.clone()
    norm = nn.utils.clip_grad_norm_(params, max_norm)
    return {"max": max_norm, "gradients": [dump(g) for g in gradients], "norm": float(norm), "clipped": [dump(p.grad) for p in params]}


json.dump({"torch": torch.__version__, "layers": layers, "optimizers": dict(optimizers()), "clipping": [clipping(0.7), clipping(100.0)]}, sys.stdout)
