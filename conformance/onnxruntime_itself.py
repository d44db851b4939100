"""Which of ONNX's backend tests does ONNX Runtime itself pass, by its own Python package?

    python onnxruntime_itself.py DIR...

prints a line for each case beneath the folders: its name, passes, fails or untold, and why. It wants the packages onnx
and onnxruntime, and compares as elbo's conformance tests do. A case is untold where Python has no form for what is fed.
"""

import pathlib
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper

TOLERANCE = {"float64": 1e-7, "float16": 2e-3, "bfloat16": 1.6e-2}  # for other floats 1e-4, for those of 8 bits none


def read(path, kind):
    """The value in a file: an array, a list of arrays, or None."""
    data = path.read_bytes()
    if kind.HasField("optional_type"):
        proto = onnx.OptionalProto.FromString(data)
        return numpy_helper.to_optional(proto)
    if kind.HasField("sequence_type"):
        return numpy_helper.to_list(onnx.SequenceProto.FromString(data))
    return numpy_helper.to_array(onnx.TensorProto.FromString(data))


def same(got, want):
    if isinstance(want, list):
        return isinstance(got, list) and len(got) == len(want) and all(map(same, got, want))
    if want is None or got is None:
        return got is want
    got, want = np.asarray(got), np.asarray(want)
    if got.shape != want.shape:
        return False
    if want.dtype.kind in "OUSTbiu":
        return bool(np.array_equal(got.astype(want.dtype), want))
    tolerance = TOLERANCE.get(want.dtype.name, 1e-4 if want.dtype.itemsize > 1 else 0)
    got, want = got.astype(np.float64), want.astype(np.float64)
    finite = np.isfinite(want)
    near = np.abs(got[finite] - want[finite]) <= tolerance * (1 + np.abs(want[finite]))
    return bool(near.all()) and bool(np.array_equal(got[~finite], want[~finite], equal_nan=True))


def verdict(model, folders):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    try:
        session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    except Exception as e:
        return "fails", str(e)
    graph = onnx.load(model, load_external_data=False).graph
    for folder in folders:
        try:
            fed = [v for v in graph.input if v.name not in {w.name for w in graph.initializer}]
            feeds = {v.name: read(folder / f"input_{i}.pb", v.type) for i, v in enumerate(fed)}
            want = [read(folder / f"output_{i}.pb", v.type) for i, v in enumerate(graph.output)]
        except Exception as e:
            return "untold", str(e)
        try:
            got = session.run(None, feeds)
        except Exception as e:
            return "untold" if "numpy" in str(e).lower() else "fails", str(e)
        for v, g, w in zip(graph.output, got, want):
            if not same(g, w):
                return "fails", f"{v.name} is otherwise than ONNX says"
    return "passes", ""


def main():
    print("ONNX Runtime", onnxruntime.__version__)
    for root in sys.argv[1:]:
        for model in sorted(pathlib.Path(root).rglob("model.onnx")):
            folders = sorted(model.parent.glob("test_data_set_*"))
            if folders:
                what, why = verdict(model, folders)
                print(model.parent.name, what, " ".join(why.split())[:200], flush=True)


if __name__ == "__main__":
    main()
