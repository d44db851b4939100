"""Training steps in JAX, jitted whole. Argument: the number of threads."""
import os
import sys

# XLA takes as many threads as there are cores that the process may run on.
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:int(sys.argv[1])])
os.environ["JAX_PLATFORMS"] = "cpu"

import jax
import jax.numpy as jnp

from serve import array, serve


def linear(x, w, b):
    return x @ w + b


def vae_loss(w, x, eps):
    """The 784-500-20 VAE of arXiv 1312.6114 with a Bernoulli decoder. Weights lie as [in, out]."""
    h = jnp.tanh(linear(x, *w[0:2]))
    mean, logvar = linear(h, *w[2:4]), linear(h, *w[4:6])
    z = mean + jnp.exp(0.5 * logvar) * eps
    logits = linear(jnp.tanh(linear(z, *w[6:8])), *w[8:10])
    kl = -0.5 * (1 + logvar - mean * mean - jnp.exp(logvar)).sum()
    return ((jax.nn.softplus(logits) - logits * x).sum() + kl) / len(x)


VAE_SHAPES = [(500, 784), (500,), (20, 500), (20,), (20, 500), (20,), (500, 20), (500,), (784, 500), (784,)]


def adam_step(t, w, m, v, x, eps):
    """Step t, from 1, of Adam (arXiv 1412.6980, algorithm 1)."""
    loss, g = jax.value_and_grad(vae_loss)(w, x, eps)
    m = [0.9 * m + 0.1 * g for m, g in zip(m, g)]
    v = [0.999 * v + 0.001 * g * g for v, g in zip(v, g)]
    a, b = 1 - 0.9**t, 1 - 0.999**t
    w = [w - 1e-3 * (m / a) / (jnp.sqrt(v / b) + 1e-8) for w, m, v in zip(w, m, v)]
    return loss, t + 1, w, m, v


given = jax.jit(adam_step, donate_argnums=(1, 2, 3))


def drawn_step(key, t, w, m, v, x):
    """The same with its noise drawn inside."""
    key, use = jax.random.split(key)
    return key, *adam_step(t, w, m, v, x, jax.random.normal(use, (x.shape[0], 20)))


drawn = jax.jit(drawn_step, donate_argnums=(2, 3, 4))


class Training:
    def __init__(self, folder, batch, steps, _):
        self.steps, batch = int(steps), int(batch)
        w = [jnp.asarray(array(folder, f"w{i}", *s).T) for i, s in enumerate(VAE_SHAPES)]
        self.x = jnp.asarray(array(folder, "x", self.steps, batch, 784))
        self.eps = jnp.asarray(array(folder, "noise0", self.steps, batch, 20))
        self.first = self.x[0]
        self.state = jnp.float32(1), w, [jnp.zeros_like(p) for p in w], [jnp.zeros_like(p) for p in w]
        self.key = jax.random.key(0)

    def check(self):
        """The loss of each step on the given minibatches and noise."""
        losses = []
        for t in range(self.steps):
            loss, *self.state = given(*self.state, self.x[t], self.eps[t])
            losses.append(float(loss))
        return losses

    def run(self, n):
        for _ in range(n):
            self.key, loss, *self.state = drawn(self.key, *self.state, self.first)
        jax.block_until_ready(self.state)


serve({"vae": Training})
