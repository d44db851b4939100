"""Training steps in PyTorch. Argument: the number of threads."""
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

from serve import array, serve

torch.manual_seed(0)
torch.set_num_threads(int(sys.argv[1]))

# Adam in one pass over each parameter, where this version has it for the CPU.
FUSED = {"fused": True} if tuple(map(int, torch.__version__.split(".")[:2])) >= (2, 4) else {}


def negative_elbo(x, logits, mean, logvar):
    kl = -0.5 * (1 + logvar - mean * mean - logvar.exp()).sum()
    return (F.binary_cross_entropy_with_logits(logits, x, reduction="sum") + kl) / len(x)


class VAE(nn.Module):
    """The 784-500-20 VAE of arXiv 1312.6114 with a Bernoulli decoder."""

    rows, noise = [784], [[20]]

    def __init__(self):
        super().__init__()
        self.hidden, self.mean, self.logvar = nn.Linear(784, 500), nn.Linear(500, 20), nn.Linear(500, 20)
        self.decode, self.logits = nn.Linear(20, 500), nn.Linear(500, 784)

    def prepare(self, x):
        return (x,)

    def loss(self, x, eps):
        h = torch.tanh(self.hidden(x))
        mean, logvar = self.mean(h), self.logvar(h)
        z = mean + torch.exp(0.5 * logvar) * eps
        return negative_elbo(x, self.logits(torch.tanh(self.decode(z))), mean, logvar)


class Training:
    """Adam steps of a model. The folder holds its first weights, w0, w1, ...; minibatches x; and noise, noise0, ..."""

    def __init__(self, model, folder, batch, steps, compiled):
        self.model, self.steps, batch = model, int(steps), int(batch)
        with torch.no_grad():
            for i, p in enumerate(model.parameters()):
                p.copy_(torch.from_numpy(array(folder, f"w{i}", *p.shape)))
        x = torch.from_numpy(array(folder, "x", self.steps, batch, *model.rows))
        self.batches = [model.prepare(b) for b in x]
        shapes = [[batch, *s] for s in model.noise]
        self.noise = [torch.from_numpy(array(folder, f"noise{i}", self.steps, *s)) for i, s in enumerate(shapes)]
        self.adam = torch.optim.Adam(model.parameters(), 1e-3, **FUSED)
        # The noise is drawn inside of what is compiled.
        drawn = lambda *inputs: model.loss(*inputs, *[torch.randn(s) for s in shapes])
        self.given, self.drawn = (torch.compile(model.loss), torch.compile(drawn)) if compiled == "compiled" else (model.loss, drawn)

    def step(self, loss, *inputs):
        self.adam.zero_grad(set_to_none=True)
        value = loss(*inputs)
        value.backward()
        self.adam.step()
        return value

    def check(self):
        """The loss of each step on the given minibatches and noise."""
        return [self.step(self.given, *self.batches[t], *[n[t] for n in self.noise]).item() for t in range(self.steps)]

    def run(self, n):
        for _ in range(n):
            self.step(self.drawn, *self.batches[0])


serve({
    "vae": lambda *a: Training(VAE(), *a),
})
