"""Training steps in PyTorch. Argument: the number of threads."""
import os
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

from serve import array, serve

torch.manual_seed(0)
torch.set_num_threads(int(sys.argv[1]))

# Debian's PyTorch can be had without a BLAS made for speed, and is then thirty times slower: not a peer.
torch.randn(4, 4) @ torch.randn(4, 4)
FAST = torch.backends.mkl.is_available() or not os.path.exists("/proc/self/maps") or any(
    name in open("/proc/self/maps").read() for name in ("openblas", "mkl", "blis"))

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


class ConvVAE(nn.Module):
    """28x28 pixels to 20 latents through two convolutions and back."""

    rows, noise = [1, 28, 28], [[20]]

    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Conv2d(1, 32, 4, 2, 1), nn.ReLU(), nn.Conv2d(32, 64, 4, 2, 1), nn.ReLU(), nn.Flatten(),
                                     nn.Linear(64 * 49, 40))
        self.decoder = nn.Sequential(nn.Linear(20, 64 * 49), nn.ReLU(), nn.Unflatten(1, (64, 7, 7)),
                                     nn.ConvTranspose2d(64, 32, 4, 2, 1), nn.ReLU(), nn.ConvTranspose2d(32, 1, 4, 2, 1))

    def prepare(self, x):
        return (x,)

    def loss(self, x, eps):
        mean, logvar = self.encoder(x).chunk(2, 1)
        return negative_elbo(x, self.decoder(mean + torch.exp(0.5 * logvar) * eps), mean, logvar)


class DropoutLayer(nn.Module):
    """A linear layer with variational dropout (arXiv 1506.02557), its noise alpha learned, at most 1.

    Type A: noise N(1, alpha) on each input. Type B: noise on each weight, drawn as that of the outputs.
    """

    C1, C2, C3 = 1.161451241083230, -1.502041176441722, 0.586299206427007

    def __init__(self, kind, inputs, outputs):
        super().__init__()
        self.kind = kind
        self.weight, self.bias = nn.Parameter(torch.empty(outputs, inputs)), nn.Parameter(torch.empty(outputs))
        self.log_alpha = nn.Parameter(torch.empty(1))

    def forward(self, x, eps):
        log_alpha = torch.minimum(self.log_alpha, torch.zeros(1))
        alpha = torch.exp(log_alpha)
        kl = -(0.5 * log_alpha + alpha * (self.C1 + alpha * (self.C2 + alpha * self.C3))).sum()
        if self.kind == "a":
            x = x * (1 + torch.exp(0.5 * log_alpha) * eps)
            return F.linear(x, self.weight, self.bias), kl * self.weight.shape[1]
        variance = alpha * F.linear(x * x, self.weight * self.weight)
        return F.linear(x, self.weight, self.bias) + torch.sqrt(variance + 1e-8) * eps, kl * self.weight.numel()


class MLP(nn.Module):
    """784-1000-1000-1000-10, relu: plain, or with variational dropout in each layer."""

    rows, sizes = [794], [784, 1000, 1000, 1000, 10]

    def __init__(self, kind=""):
        super().__init__()
        self.kind, pairs = kind, list(zip(self.sizes, self.sizes[1:]))
        self.layers = nn.ModuleList(DropoutLayer(kind, *p) if kind else nn.Linear(*p) for p in pairs)
        self.noise = {"": [], "a": [[i] for i, _ in pairs], "b": [[o] for _, o in pairs]}[kind]

    def prepare(self, x):
        return x[:, :784].contiguous(), x[:, 784:].argmax(1)

    def loss(self, x, y, *eps):
        kl = 0.0
        for i, layer in enumerate(self.layers):
            if i > 0:
                x = F.relu(x)
            if self.kind:
                x, k = layer(x, eps[i])
                kl = kl + k
            else:
                x = layer(x)
        return F.cross_entropy(x, y) + kl / 60000


class Training:
    """Adam steps of a model. The folder holds its first weights, w0, w1, ...; minibatches x; and noise, noise0, ..."""

    def __init__(self, model, folder, batch, steps, compiled):
        if not FAST:
            raise RuntimeError("it would run on the reference BLAS (Debian: apt-get install libopenblas0)")
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
    "conv": lambda *a: Training(ConvVAE(), *a),
    "mlp": lambda *a: Training(MLP(), *a),
    "mlp-a": lambda *a: Training(MLP("a"), *a),
    "mlp-b": lambda *a: Training(MLP("b"), *a),
})
