"""Multinomial logistic regression for LogisticRegressionTests (Debian's python3-torch 1.13). Run: /usr/bin/python3 make_logistic.py

Draws 30 images of 4 features and 3 classes that overlap, minimizes mean cross entropy + penalty / (2 images) |W|^2 in float64 for each penalty
with torch.optim.LBFGS and Newton's steps, and writes features, labels, and for each penalty the loss, W and b
(made to have mean 0 over the classes, as only differences of b count), and the loss and gradient at a point that is no minimum.
"""

import json
import pathlib

import torch

torch.set_num_threads(1)
torch.manual_seed(3)
labels = torch.arange(30) % 3
centers = torch.tensor([[0.0, 0.5, 0.0, 1.0], [1.0, 0.0, 0.5, 0.0], [0.5, 1.0, 1.0, 0.0]])
features = (centers[labels] + 0.8 * torch.randn(30, 4)).float()
x, y = features.double(), labels


def objective(w, b, penalty):
    return torch.nn.functional.cross_entropy(x @ w.t() + b, y) + penalty / (2 * len(y)) * (w * w).sum()


fits = []
for penalty in (0.01, 1.0, 100.0):
    start = torch.zeros(15, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([start], max_iter=500, history_size=50, line_search_fn="strong_wolfe")

    def flat(at):
        return objective(at[:12].reshape(3, 4), at[12:], penalty)

    def closure():
        optimizer.zero_grad()
        loss = flat(start)
        loss.backward()
        return loss

    optimizer.step(closure)
    at = start.detach()
    for _ in range(5):  # Newton's steps; pinv, as the same number added to all of b changes nothing
        gradient = torch.autograd.functional.jacobian(flat, at)
        at = at - torch.linalg.pinv(torch.autograd.functional.hessian(flat, at), hermitian=True, rtol=1e-9) @ gradient
    largest = torch.autograd.functional.jacobian(flat, at).abs().max().item()
    assert largest < 1e-14, largest
    loss, w, b = flat(at), at[:12], at[12:]
    fits.append({
        "penalty": penalty, "loss": loss.item(), "w": w.tolist(), "b": (b - b.mean()).tolist()})

w = (0.1 * torch.arange(12, dtype=torch.float64) - 0.5).reshape(3, 4).requires_grad_()
b = torch.tensor([0.3, -0.2, 0.1], dtype=torch.float64, requires_grad=True)
loss = objective(w, b, 2.0)
loss.backward()
point = {
    "penalty": 2.0, "loss": loss.item(), "w": w.detach().flatten().tolist(), "b": b.detach().tolist(),
    "w_gradient": w.grad.flatten().tolist(), "b_gradient": b.grad.tolist()}
pathlib.Path(__file__).with_name("logistic.json").write_text(json.dumps(
    {"features": features.flatten().tolist(), "labels": labels.tolist(), "fits": fits, "point": point}) + "\n")
