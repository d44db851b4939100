"""Exports the classifier of this example from PyTorch: python3 export.py classifier.onnx"""
import sys

import torch
from torch import nn

torch.manual_seed(1)
net = nn.Sequential(
    nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Conv2d(8, 16, 3), nn.ReLU(),
    nn.Flatten(), nn.Linear(256, 40), nn.ReLU(), nn.Linear(40, 4),
)
torch.onnx.export(
    net, torch.zeros(1, 1, 8, 8), sys.argv[1], input_names=["image"], output_names=["logits"],
    dynamic_axes={"image": {0: "batch"}, "logits": {0: "batch"}}, opset_version=17, dynamo=False,
)
