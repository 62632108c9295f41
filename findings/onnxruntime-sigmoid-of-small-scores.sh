#!/usr/bin/env bash
# onnxruntime 1.30.0 (PyPI, CPU, x64): Sigmoid of float32 has an absolute error of about 1e-7, not a relative one.
#
# Expected: sigmoid(-15) = 3.059e-07 to some six digits, as float32 can hold and as NumPy gives it in float32.
# Seen: results are whole multiples of 2^-25 (2.98e-08), because the kernel adds 0.5 to a fraction that is nearly -0.5.
#   x = -12: 6.1e-06, off by 0.6 %     x = -15: 3.6e-07, off by 17 %     x = -17: 8.9e-08, off by 116 % (it is 4.1e-08)
#   x <= -18: exactly 0 (1.5e-08 is right).   The function is not monotonic: sigmoid(-17) is larger than sigmoid(-16).
# So scores below about 1e-5 that a model gives are noise: two orders of adding the same logits differ by a hundredth of the
# largest score, the logarithm of a score may be -infinity, and comparing such scores relatively calls a right answer wrong.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check onnxruntime==1.30.0 onnx==1.22.0 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

x = np.array([-20, -18, -17, -16, -15, -14, -12, -8, -1, 0], np.float32)
graph = helper.make_graph(
    [helper.make_node("Sigmoid", ["x"], ["y"])],
    "sigmoid",
    [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, x.shape)],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
onnx.checker.check_model(model)
session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
(y,) = session.run(None, {"x": x})
exact = 1 / (1 + np.exp(-x.astype(np.float64)))
plain = (1 / (1 + np.exp(-x))).astype(np.float32)
print("onnxruntime", onnxruntime.__version__)
print("      x   onnxruntime          exact   relative error   NumPy in float32")
for at, value in enumerate(x):
    error = (y[at] - exact[at]) / exact[at]
    print(f"{value:7.1f} {y[at]:13.6e} {exact[at]:14.6e} {error:16.2e} {plain[at] / exact[at] - 1:18.2e}")
steps = y.astype(np.float64) / 2.0**-25
relative = np.abs(y / exact - 1)
assert np.abs(plain / exact - 1).max() < 1e-6, "float32 could not hold it"
assert np.all(steps == np.round(steps)), "results are no longer multiples of 2^-25"
assert y[0] == 0 and y[1] == 0, "no longer 0 from -18 down"
assert relative[2] > 1 and relative[4] > 0.1 and relative[6] > 1e-3, "small scores are more exact now"
assert y[2] > y[3], "it is monotonic now"
assert relative[-2:].max() < 1e-6, "scores near one half are off, too"
print("as described")
PYTHON
