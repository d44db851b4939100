"""The models that export.py writes: small, seeded, of the kinds that people train."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class Residual(nn.Module):
    """x + conv(act(norm(x))), twice, as in He et al. (2016)."""

    def __init__(self, channels):
        super().__init__()
        self.norm1, self.norm2 = nn.BatchNorm2d(channels), nn.BatchNorm2d(channels)
        self.conv1, self.conv2 = (nn.Conv2d(channels, channels, 3, padding=1) for _ in range(2))

    def forward(self, x):
        h = self.conv1(F.elu(self.norm1(x)))
        return x + self.conv2(F.elu(self.norm2(h)))


class ResNetEncoder(nn.Module):
    """28x28 images to mean and log-variance."""

    def __init__(self, latent=8, channels=8):
        super().__init__()
        self.first = nn.Conv2d(1, channels, 3, stride=2, padding=1)
        self.block1, self.block2 = Residual(channels), Residual(channels)
        self.down = nn.Conv2d(channels, 2 * channels, 3, stride=2, padding=1)
        self.out = nn.Linear(2 * channels * 49, 2 * latent)

    def forward(self, x):
        h = self.down(self.block2(self.block1(self.first(x))))
        return self.out(F.elu(h).flatten(1)).chunk(2, 1)


class ResNetDecoder(nn.Module):
    """Latents to logits of 28x28 images, by nearest upsampling and a transposed convolution."""

    def __init__(self, latent=8, channels=8):
        super().__init__()
        self.channels = channels
        self.first = nn.Linear(latent, channels * 49)
        self.block = Residual(channels)
        self.up = nn.ConvTranspose2d(channels, channels, 4, stride=2, padding=1)
        self.out = nn.Conv2d(channels, 1, 3, padding=1)

    def forward(self, z):
        h = self.first(z).view(-1, self.channels, 7, 7)
        h = F.elu(self.up(self.block(h)))
        return self.out(F.interpolate(h, scale_factor=2, mode="nearest"))


class Masked(nn.Linear):
    """A linear layer whose weights are masked, as in MADE (Germain et al., 2015)."""

    def __init__(self, inputs, outputs, mask):
        super().__init__(inputs, outputs)
        self.register_buffer("mask", mask)

    def forward(self, x):
        return F.linear(x, self.weight * self.mask, self.bias)


class IAFStep(nn.Module):
    """z' = s z + (1 - s) m with an autoregressive net that gives m and s, eq. 13 and 14 of Kingma et al. (2016)."""

    def __init__(self, latent, hidden, context):
        super().__init__()
        degree = torch.arange(hidden) % (latent - 1)
        unit = torch.arange(latent)
        self.read = Masked(latent, hidden, (degree[:, None] >= unit[None]).float())
        self.context = nn.Linear(context, hidden)
        write = (unit[:, None] > degree[None]).float()
        self.m, self.s = Masked(hidden, latent, write), Masked(hidden, latent, write)

    def forward(self, z, h):
        a = F.elu(self.read(z) + self.context(h))
        m, s = self.m(a), torch.sigmoid(self.s(a) + 1.5)
        return s * z + (1 - s) * m, s.log().sum(1)


class IAFEncoder(nn.Module):
    """A posterior of four IAF steps, whose noise is drawn within: z and log q(z|x)."""

    def __init__(self, data=36, latent=6, hidden=24, context=10, steps=4):
        super().__init__()
        self.body = nn.Linear(data, hidden)
        self.mean, self.logvar, self.context = nn.Linear(hidden, latent), nn.Linear(hidden, latent), nn.Linear(hidden, context)
        self.steps = nn.ModuleList(IAFStep(latent, hidden, context) for _ in range(steps))

    def forward(self, x):
        h = torch.tanh(self.body(x))
        mean, logvar, context = self.mean(h), self.logvar(h), self.context(h)
        eps = torch.randn_like(mean)
        z = mean + torch.exp(0.5 * logvar) * eps
        logq = -0.5 * (eps**2 + logvar + 1.8378770664093453).sum(1)
        for step in self.steps:
            z, logdet = step(z.flip(1), context)
            logq = logq - logdet
        return z, logq


class TransformerEncoder(nn.Module):
    """Sequences to mean and log-variance: two layers of self-attention, averaged over time."""

    def __init__(self, data=5, width=16, latent=6):
        super().__init__()
        self.embed = nn.Linear(data, width)
        layer = nn.TransformerEncoderLayer(width, 4, 32, dropout=0.1, activation="gelu", batch_first=True, norm_first=True)
        self.body = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.mean, self.logvar = nn.Linear(width, latent), nn.Linear(width, latent)

    def forward(self, x):
        h = self.body(self.embed(x)).mean(1)
        return self.mean(h), self.logvar(h)


class TransformerDecoder(nn.Module):
    """A latent to a sequence: learnt positions that attend to it."""

    def __init__(self, data=5, width=16, latent=6, length=12):
        super().__init__()
        self.positions = nn.Parameter(0.5 * torch.randn(1, length, width))
        self.memory = nn.Linear(latent, width)
        layer = nn.TransformerDecoderLayer(width, 4, 32, dropout=0.0, activation="relu", batch_first=True)
        self.body = nn.TransformerDecoder(layer, 2)
        self.out = nn.Linear(width, data)

    def forward(self, z):
        memory = self.memory(z).unsqueeze(1)
        return self.out(self.body(self.positions.expand(z.size(0), -1, -1), memory))


def models():
    """Each model's name, module, example inputs, and the names of its inputs and outputs."""
    torch.manual_seed(1)
    yield "resnet_encoder", ResNetEncoder(), torch.rand(3, 1, 28, 28), "x", ["mu", "logvar"]
    yield "resnet_decoder", ResNetDecoder(), torch.randn(3, 8), "z", ["logits"]
    yield "iaf_encoder", IAFEncoder(), torch.rand(3, 36), "x", ["z", "logq"]
    yield "transformer_encoder", TransformerEncoder(), torch.rand(3, 12, 5), "x", ["mu", "logvar"]
    yield "transformer_decoder", TransformerDecoder(), torch.randn(3, 6), "z", ["logits"]
