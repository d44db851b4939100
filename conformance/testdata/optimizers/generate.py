"""Writes torch.json: where PyTorch's optimisers take five weights in 1000 steps, in float64.

    python3 generate.py > torch.json

The gradient of weight i at step t (from 1) is a_i (p_i - c_i) + cos(0.7 t + i)/2, where a = (1, 0.1, 10, 0.5, 1) and
c = (3, -1, 0.5, 0, 2). That of weight 4 is 0 unless 7 divides t. All weights start at 1.
"""
import json
import math

import torch

A = torch.tensor([1, 0.1, 10, 0.5, 1], dtype=torch.float64)
C = torch.tensor([3, -1, 0.5, 0, 2], dtype=torch.float64)
KEPT = [1, 2, 3, 7, 8, 50, 200, 999, 1000]


def gradient(p, t):
    wave = torch.tensor([math.cos(0.7 * t + i) / 2 for i in range(5)], dtype=torch.float64)
    g = A * (p - C) + wave
    if t % 7:
        g[4] = 0
    return g


def trajectory(step):
    p = torch.ones(5, dtype=torch.float64)
    kept = []
    for t in range(1, 1001):
        p = step(p, gradient(p, t), t)
        if t in KEPT:
            kept.append(p.tolist())
    return kept


def of(make, schedule=None):
    """The trajectory of a torch.optim optimiser, with a factor for its rate at each step (from 0) or none."""
    w = torch.nn.Parameter(torch.ones(5, dtype=torch.float64))
    o = make([w])
    s = torch.optim.lr_scheduler.LambdaLR(o, schedule) if schedule else None

    def step(p, g, t):
        w.grad = g
        o.step()
        if s:
            s.step()
        return w.detach().clone()

    return trajectory(step)


def legacy(rate):
    """Adam without bias correction and without epsilon, which torch.optim does not have."""
    m, v = torch.zeros(5, dtype=torch.float64), torch.zeros(5, dtype=torch.float64)

    def step(p, g, t):
        nonlocal m, v
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * g * g
        return torch.where(m == 0, p, p - rate * m / v.sqrt())

    return trajectory(step)


o = torch.optim
cases = {
    "adam": of(lambda w: o.Adam(w, lr=0.01)),
    "adam, beta1 0, beta2 0.99, epsilon 0.1": of(lambda w: o.Adam(w, lr=0.01, betas=(0.0, 0.99), eps=0.1)),
    "adam, 1/sqrt(t)": of(lambda w: o.Adam(w, lr=0.1), lambda t: (t + 1) ** -0.5),
    "amsgrad": of(lambda w: o.Adam(w, lr=0.01, betas=(0.9, 0.9), amsgrad=True)),
    "adam, decoupled decay": of(lambda w: o.AdamW(w, lr=0.01, weight_decay=0.1)),
    "legacy adam": legacy(0.01),
    "adamax": of(lambda w: o.Adamax(w, lr=0.02, eps=1e-30)),
    "adagrad": of(lambda w: o.Adagrad(w, lr=0.1, eps=1e-10)),
    "adadelta": of(lambda w: o.Adadelta(w, lr=1.0, rho=0.9, eps=1e-6)),
    "rmsprop": of(lambda w: o.RMSprop(w, lr=0.01, alpha=0.9, eps=1e-8)),
    "rmsprop with momentum": of(lambda w: o.RMSprop(w, lr=0.001, alpha=0.99, eps=1e-8, momentum=0.9)),
    "sgd": of(lambda w: o.SGD(w, lr=0.01)),
    "sgd with momentum": of(lambda w: o.SGD(w, lr=0.01, momentum=0.9)),
    "sgd with nesterov momentum": of(lambda w: o.SGD(w, lr=0.01, momentum=0.9, nesterov=True)),
}
print(json.dumps({"torch": torch.__version__, "steps": KEPT, "cases": cases}, indent=0))
