"""Exports the models of models.py with both of PyTorch's exporters and records what PyTorch computes.

    python export.py OUT [EXPORTER...]

with torch, onnx and onnxscript, and the exporters those of EXPORTERS below, all by default. OUT gets a folder for each model and exporter: model.onnx, input.npy and output_NAME.npy for a batch that is not the one
of the export, and noise.npy where the model draws noise.
"""

import json
import os
import sys
import warnings

import numpy as np
import onnx
import torch

from models import models

warnings.filterwarnings("ignore")
# Both exporters as people use them, and by the recipes that keep the parameters as they are.
EXPORTERS = {
    "torchscript": dict(dynamo=False),
    "torchscript_plain": dict(dynamo=False, do_constant_folding=False, training=torch.onnx.TrainingMode.PRESERVE),
    "dynamo": dict(dynamo=True),
    "dynamo_plain": dict(dynamo=True, optimize=False),
}


def warm_up(module, x):
    """Makes the module as if it were trained: copied layers differ, and BatchNorm has statistics and a scale of its own."""
    for m in module.modules():
        if isinstance(m, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(m.weight, 0.5, 1.5)
            torch.nn.init.normal_(m.bias, std=0.1)
    for p in module.parameters():
        if p.dim() > 1:
            p.data += 0.05 * torch.randn_like(p)
    module.train()
    with torch.no_grad():
        for _ in range(3):
            module(x)
    module.eval()


def record(folder, module, x, outputs):
    """Writes inputs and outputs for five rows; noise is drawn once and replayed."""
    y = torch.cat([x, x.flip(0)])[:5] * 0.9
    noise, draw = [], torch.randn_like
    torch.randn_like = lambda t, **_: noise.append(draw(t)) or noise[-1]
    try:
        with torch.no_grad():
            results = module(y)
    finally:
        torch.randn_like = draw
    results = [results] if torch.is_tensor(results) else results
    np.save(os.path.join(folder, "input.npy"), y.numpy())
    for name, r in zip(outputs, results, strict=True):
        np.save(os.path.join(folder, f"output_{name}.npy"), r.numpy())
    for n in noise:
        np.save(os.path.join(folder, "noise.npy"), n.numpy())


def export(folder, module, x, name, outputs, options):
    if options["dynamo"]:
        batch = torch.export.Dim("batch", min=1, max=4096)
        options = options | dict(dynamic_shapes=({0: batch},), external_data=False, verbose=False)
    else:
        options = options | dict(dynamic_axes={n: {0: "batch"} for n in [name, *outputs]})
    path = os.path.join(folder, "model.onnx")
    torch.onnx.export(module, (x,), path, input_names=[name], output_names=outputs, **options)
    strip(path)


def strip(path):
    """Takes out the source lines and folders of this machine that the exporter notes at every node."""
    model = onnx.load(path)
    graphs = [model, model.graph, *model.graph.node, *model.graph.value_info, *model.graph.input, *model.graph.output, *model.graph.initializer]
    for f in model.functions:
        graphs += [f, *f.node, *f.value_info]
    for part in graphs:
        for field in ("metadata_props", "doc_string"):
            part.ClearField(field)
    onnx.save(model, path)


def main(out, exporters):
    done = {"torch": torch.__version__, "models": [], "failed": {}}
    for model, module, x, name, outputs in models():
        warm_up(module, x)
        for exporter in exporters or EXPORTERS:
            key = f"{model}_{exporter}"
            folder = os.path.join(out, key)
            os.makedirs(folder, exist_ok=True)
            try:
                export(folder, module, x, name, outputs, EXPORTERS[exporter])
            except Exception as e:  # what one exporter cannot write is told, and the rest goes on
                done["failed"][key] = f"{type(e).__name__}: {str(e).splitlines()[0]}"
                continue
            record(folder, module, x, outputs)
            done["models"].append(key)
    with open(os.path.join(out, "index.json"), "w") as f:
        json.dump(done, f, indent=1)
    print(json.dumps(done))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
