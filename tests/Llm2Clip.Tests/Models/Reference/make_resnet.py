"""Makes resnet.json: residual networks of torchvision and of CLIP, computed by PyTorch, for ResNetReferenceTests.

Run once with Debian 12's python3-torch 1.13.1: /usr/bin/python3 make_resnet.py > resnet.json

The networks are written out here after torchvision 0.20 models/resnet.py and openai/CLIP dcba3cb clip/model.py, with the same names; the
layers are torch.nn's own, attention is torch's multi_head_attention_forward; all of it in double. Weights and pixels are a formula (fill),
so that the file holds results alone: of features every n-th element (step), of gradients and running statistics x their length and
sum(x * fill(shape, 777)).
"""
import json
import math
from collections import OrderedDict

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn


def fill(shape, seed, scale=1.0):
    """scale * u(i), rounded to float, as a double; u(i) = 2 frac(43758.5453 sin(12.9898 (i + 1) + 78.233 seed)) - 1 looks random."""
    count = int(np.prod(shape)) if len(shape) else 1
    waves = 43758.5453 * np.sin(12.9898 * np.arange(1, count + 1, dtype=np.float64) + 78.233 * seed)
    values = scale * (2 * (waves - np.floor(waves)) - 1)
    return torch.from_numpy(values.astype(np.float32).astype(np.float64)).reshape(tuple(shape))


class Basic(nn.Module):
    expansion = 1

    def __init__(self, inputs, planes, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, planes, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.downsample = None
        if stride != 1 or inputs != planes:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, planes, 1, stride=stride, bias=False), nn.BatchNorm2d(planes))

    def forward(self, x):
        out = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(out + (x if self.downsample is None else self.downsample(x)))


class Bottleneck(nn.Module):
    expansion = 4

    def __init__(self, inputs, planes, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, planes, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, stride=stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.conv3 = nn.Conv2d(planes, planes * 4, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(planes * 4)
        self.downsample = None
        if stride != 1 or inputs != planes * 4:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, planes * 4, 1, stride=stride, bias=False), nn.BatchNorm2d(planes * 4))

    def forward(self, x):
        out = F.relu(self.bn1(self.conv1(x)))
        out = F.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        return F.relu(out + (x if self.downsample is None else self.downsample(x)))


class ClipBottleneck(nn.Module):
    expansion = 4

    def __init__(self, inputs, planes, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, planes, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.avgpool = nn.AvgPool2d(stride) if stride > 1 else nn.Identity()
        self.conv3 = nn.Conv2d(planes, planes * 4, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(planes * 4)
        self.downsample = None
        if stride > 1 or inputs != planes * 4:
            self.downsample = nn.Sequential(OrderedDict([
                ("-1", nn.AvgPool2d(stride)),
                ("0", nn.Conv2d(inputs, planes * 4, 1, bias=False)),
                ("1", nn.BatchNorm2d(planes * 4)),
            ]))

    def forward(self, x):
        out = F.relu(self.bn1(self.conv1(x)))
        out = F.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(self.avgpool(out)))
        return F.relu(out + (x if self.downsample is None else self.downsample(x)))


def stages(net, block, width, layers, inputs):
    for i, count in enumerate(layers):
        planes = width << i
        blocks = []
        for j in range(count):
            blocks.append(block(inputs, planes, 2 if i > 0 and j == 0 else 1))
            inputs = planes * block.expansion
        setattr(net, f"layer{i + 1}", nn.Sequential(*blocks))


class ResNet(nn.Module):
    def __init__(self, block, layers):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        stages(self, block, 64, layers, 64)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 3, stride=2, padding=1)
        means = []
        for name in ("layer1", "layer2", "layer3", "layer4"):
            x = getattr(self, name)(x)
            means.append(x.mean((2, 3)))
        return torch.cat(means[2:], 1)


class AttentionPool2d(nn.Module):
    def __init__(self, grid, width, heads, output):
        super().__init__()
        self.positional_embedding = nn.Parameter(torch.zeros(grid ** 2 + 1, width))
        self.k_proj = nn.Linear(width, width)
        self.q_proj = nn.Linear(width, width)
        self.v_proj = nn.Linear(width, width)
        self.c_proj = nn.Linear(width, output)
        self.grid, self.heads = grid, heads

    def positions(self, rows, columns):
        table = self.positional_embedding
        if (rows, columns) == (self.grid, self.grid):
            return table
        # open_clip 2.30 open_clip/model.py resize_pos_embed
        grid = table[1:].reshape(1, self.grid, self.grid, -1).permute(0, 3, 1, 2)
        grid = F.interpolate(grid, size=(rows, columns), mode="bicubic", antialias=True, align_corners=False)
        return torch.cat([table[:1], grid.permute(0, 2, 3, 1).reshape(rows * columns, -1)])

    def forward(self, x):
        positions = self.positions(x.shape[2], x.shape[3])
        x = x.flatten(start_dim=2).permute(2, 0, 1)
        x = torch.cat([x.mean(dim=0, keepdim=True), x], dim=0) + positions[:, None, :]
        out, _ = F.multi_head_attention_forward(
            query=x[:1], key=x, value=x, embed_dim_to_check=x.shape[-1], num_heads=self.heads,
            q_proj_weight=self.q_proj.weight, k_proj_weight=self.k_proj.weight, v_proj_weight=self.v_proj.weight, in_proj_weight=None,
            in_proj_bias=torch.cat([self.q_proj.bias, self.k_proj.bias, self.v_proj.bias]), bias_k=None, bias_v=None, add_zero_attn=False,
            dropout_p=0, out_proj_weight=self.c_proj.weight, out_proj_bias=self.c_proj.bias, use_separate_proj_weight=True,
            training=self.training, need_weights=False)
        return out.squeeze(0)


class ModifiedResNet(nn.Module):
    def __init__(self, layers, width, side, output):
        super().__init__()
        self.conv1 = nn.Conv2d(3, width // 2, 3, stride=2, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width // 2)
        self.conv2 = nn.Conv2d(width // 2, width // 2, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width // 2)
        self.conv3 = nn.Conv2d(width // 2, width, 3, padding=1, bias=False)
        self.bn3 = nn.BatchNorm2d(width)
        stages(self, ClipBottleneck, width, layers, width)
        self.attnpool = AttentionPool2d(side // 32, width * 32, width * 32 // 64, output)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        x = F.relu(self.bn2(self.conv2(x)))
        x = F.avg_pool2d(F.relu(self.bn3(self.conv3(x))), 2)
        for name in ("layer1", "layer2", "layer3", "layer4"):
            x = getattr(self, name)(x)
        return self.attnpool(x)


def set_weights(net, prefix):
    """Weights of a size that keeps maps of about 1; names in order, each with its own seed."""
    state = {name: value for name, value in net.state_dict().items() if not name.endswith("num_batches_tracked")}
    names = sorted(state)
    for seed, name in enumerate(names):
        shape = list(state[name].shape)
        if name.endswith("running_var"):
            value = 1.0 + 0.5 * fill(shape, seed)
        elif name.endswith("running_mean") or name.endswith(".bias"):
            value = fill(shape, seed, 0.1)
        elif len(shape) == 1:
            value = 1.0 + fill(shape, seed, 0.2)
        elif name.endswith("positional_embedding"):
            value = fill(shape, seed, 0.5)
        else:
            value = fill(shape, seed, math.sqrt(6.0 / np.prod(shape[1:])))
        state[name].copy_(value.float())
    return [[prefix + name, list(state[name].shape)] for name in names]


def sampled(features):
    flat = features.detach().reshape(-1)
    step = max(1, len(flat) // 64)
    return {"step": step, "values": [float(f"{float(v):.8g}") for v in flat[::step]]}


def summary(tensor):
    x = tensor.detach()
    return [float(f"{float(v):.9g}") for v in (x.norm(), (x * fill(x.shape, 777)).sum())]


def case(net, prefix, shape, others, features_weight_seed=5):
    with torch.no_grad():
        names = set_weights(net, prefix)
    pixels = fill(shape, 1)
    result = {"state": names, "shape": list(shape)}
    net.eval()
    out = net(pixels)
    result["eval"] = sampled(out)
    # The gradient of sum(features * fill) by the parameters, with running statistics.
    (out * fill(out.shape, features_weight_seed)).sum().backward()
    result["eval_gradients"] = {prefix + n: summary(p.grad) for n, p in net.named_parameters()}
    with torch.no_grad():
        result["others"] = [{"shape": list(s), "eval": sampled(net(fill(s, 2)))} for s in others]
    net.zero_grad()
    net.train()
    out = net(pixels)
    result["train"] = sampled(out)
    (out * fill(out.shape, features_weight_seed)).sum().backward()
    result["train_gradients"] = {prefix + n: summary(p.grad) for n, p in net.named_parameters()}
    state = net.state_dict()
    result["running"] = {prefix + n: summary(state[n]) for n in sorted(state) if "running" in n}
    return result


torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
print(json.dumps({
    "program": f"make_resnet.py, PyTorch {torch.__version__}",
    "basic": case(ResNet(Basic, [1, 1, 1, 2]), "", (4, 3, 64, 96), [(1, 3, 50, 77)]),
    "bottleneck": case(ResNet(Bottleneck, [1, 2, 1, 1]), "", (4, 3, 64, 64), []),
    "clip": {"width": 4, "side": 64, "output": 12, "blocks": [1, 2, 1, 1],
             **case(ModifiedResNet([1, 2, 1, 1], 4, 64, 12), "visual.", (6, 3, 64, 64), [(2, 3, 96, 128), (2, 3, 32, 64)])},
}, indent=None, separators=(",", ":")))
