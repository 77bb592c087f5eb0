"""Steps of torch.optim.AdamW for FlatAdamWTests (Debian's python3-torch 1.13). Run: /usr/bin/python3 make_adamw.py

adamw.json holds the arguments, the parameters at the start, and for each step the gradients and the parameters after it; tensors are
[shape, flat values]. The start and the gradients were drawn once and stay; the parameters are computed anew and written back.
"""

import json
import pathlib

import torch

path = pathlib.Path(__file__).with_name("adamw.json")
reference = json.loads(path.read_text())


def load(entry):
    shape, values = entry
    return torch.tensor(values, dtype=torch.float32).reshape(shape)


def dump(t):
    return [list(t.shape), [float(f"{v:.9g}") for v in t.detach().double().flatten().tolist()]]


torch.set_num_threads(1)
parameters = [torch.nn.Parameter(load(entry)) for entry in reference["start"]]
optimizer = torch.optim.AdamW(parameters, **reference["args"])
for step in reference["steps"]:
    for parameter, gradient in zip(parameters, step["gradients"]):
        parameter.grad = load(gradient)
    optimizer.step()
    step["parameters"] = [dump(parameter) for parameter in parameters]
path.write_text(json.dumps(reference))
