"""Does a task over and over. Arguments: threads, then `step` or `gemm M N K`.

Prints a line when ready; then, for each line with a number n on stdin, does the task n times and prints the
seconds it took.
"""
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
torch.set_num_threads(int(sys.argv[1]))


class VAE(nn.Module):
    """The 784-500-20 VAE of arXiv 1312.6114 with a Bernoulli decoder."""

    def __init__(self):
        super().__init__()
        self.hidden, self.mean, self.logvar = nn.Linear(784, 500), nn.Linear(500, 20), nn.Linear(500, 20)
        self.decode, self.logits = nn.Linear(20, 500), nn.Linear(500, 784)

    def loss(self, x):
        h = torch.tanh(self.hidden(x))
        mean, logvar = self.mean(h), self.logvar(h)
        z = mean + torch.exp(0.5 * logvar) * torch.randn_like(mean)
        logits = self.logits(torch.tanh(self.decode(z)))
        kl = -0.5 * (1 + logvar - mean * mean - logvar.exp()).sum()
        return (F.binary_cross_entropy_with_logits(logits, x, reduction="sum") + kl) / len(x)


def step():
    model = VAE()
    adam = torch.optim.Adam(model.parameters(), 1e-3)
    x = (torch.rand(100, 784) > 0.5).float()

    def run():
        adam.zero_grad(set_to_none=True)
        model.loss(x).backward()
        adam.step()

    return run


def gemm(m, n, k):
    a, b, c = torch.randn(m, k), torch.randn(k, n), torch.empty(m, n)
    return lambda: torch.mm(a, b, out=c)


task = step() if sys.argv[2] == "step" else gemm(*map(int, sys.argv[3:6]))
print("ready", flush=True)
for line in sys.stdin:
    start = time.perf_counter()
    for _ in range(int(line)):
        task()
    print(time.perf_counter() - start, flush=True)
