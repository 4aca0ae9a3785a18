"""Runs each NAME.onnx of a folder in onnxruntime and compares the results with stored ones.

The inputs are NAME.in.INPUT.npy, and the expected outputs are NAME.out.OUTPUT.npy.

usage: python run_onnx.py FOLDER
"""

import pathlib
import sys

import numpy as np
import onnxruntime

files = sorted(pathlib.Path(sys.argv[1]).glob("*.onnx"))
assert files, f"{sys.argv[1]} has no .onnx files"
for file in files:
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    assert session.get_modelmeta().producer_name == "eae"
    # A refinement runs two more networks and divides by a small deviation, so rounding errors grow.
    refined = session.get_modelmeta().custom_metadata_map.get("sampler") == "refined"
    limit = 1e-4 if refined else 1e-5
    inputs = {}
    for taken in session.get_inputs():
        x = np.load(file.with_suffix(f".in.{taken.name}.npy"))
        assert taken.shape == ["batch", *x.shape[1:]], taken
        inputs[taken.name] = x.astype({"tensor(float)": np.float32, "tensor(double)": np.float64}[taken.type])
    assert len(inputs) == len(list(file.parent.glob(f"{file.stem}.in.*.npy"))), (file.name, inputs.keys())
    names = [given.name for given in session.get_outputs()]
    # A batch of one must work as well: no node may fix the batch size.
    for count in (len(x), 1):
        for name, given in zip(names, session.run(names, {name: x[:count] for name, x in inputs.items()})):
            expected = np.load(file.with_suffix(f".out.{name}.npy"))
            spread = np.ptp(expected, axis=0)
            expected = expected[:count]
            assert given.shape == expected.shape, (file.name, name, given.shape, expected.shape)
            # An output that hardly depends on the input would agree even if the model were wrong.
            assert spread.max() > 1e-2, (file.name, name)
            # The difference is relative to the spread of its column if the spread is above 1.
            difference = (np.abs(given - expected) / spread.clip(1)).max()
            assert difference <= limit, f"{file.name}: `{name}` is off by {difference}"
            print(f"{file.name}: `{name}` {given.shape} is off by at most {difference:.1e}")
