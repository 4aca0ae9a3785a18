"""Runs each NAME.onnx of a folder in onnxruntime on NAME.in.INPUT.npy, and compares what comes out with NAME.out.OUTPUT.npy.

usage: python run_onnx.py FOLDER
"""

import pathlib
import sys

import numpy as np
import onnxruntime

files = sorted(pathlib.Path(sys.argv[1]).glob("*.onnx"))
assert files, "no files"
for file in files:
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    assert session.get_modelmeta().producer_name == "eae"
    inputs = {}
    for taken in session.get_inputs():
        x = np.load(file.with_suffix(f".in.{taken.name}.npy"))
        assert taken.shape == ["batch", *x.shape[1:]], taken
        inputs[taken.name] = x.astype({"tensor(float)": np.float32, "tensor(double)": np.float64}[taken.type])
    assert len(inputs) == len(list(file.parent.glob(f"{file.stem}.in.*.npy"))), (file.name, inputs.keys())
    names = [given.name for given in session.get_outputs()]
    # Also a batch of one: its size must not be fixed by anything in between.
    for count in (len(x), 1):
        for name, given in zip(names, session.run(names, {name: x[:count] for name, x in inputs.items()})):
            expected = np.load(file.with_suffix(f".out.{name}.npy"))
            spread = np.ptp(expected, axis=0)
            expected = expected[:count]
            assert given.shape == expected.shape, (file.name, name, given.shape, expected.shape)
            # What hardly depends on what goes in would agree whatever came between.
            assert spread.max() > 1e-2, (file.name, name)
            # Of the units that a column of vectors varies by.
            difference = (np.abs(given - expected) / spread.clip(1)).max()
            assert difference <= 1e-5, f"{file.name}: `{name}` is off by {difference}"
            print(f"{file.name}: `{name}` {given.shape} is off by at most {difference:.1e}")
