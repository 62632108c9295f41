#!/usr/bin/env bash
# onnxruntime 1.30.0 (PyPI, CPU), ONNX operator set 13.
#
# ONNX says of auto_pad SAME_UPPER and SAME_LOWER that the output has ceil(input / stride) elements along each axis, whatever
# the dilation. For MaxPool with dilations onnxruntime computes the pads as if the kernel were not dilated and gives a smaller
# output, without a word; a Conv with the same attributes ends in an error instead ("Dilation not supported"), and a
# ConvTranspose is computed. So one attribute has three outcomes: written out as pads, all three agree with ONNX.
#
# Seen (input 9 x 9, kernel 3 x 3, dilations 2 x 2, strides 1 x 1):
#   MaxPool SAME_UPPER 7 x 7, where ONNX says 9 x 9; with pads [2, 2, 2, 2] 9 x 9
#   Conv SAME_UPPER    INVALID_ARGUMENT, Dilation not supported; with pads [2, 2, 2, 2] 9 x 9
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet onnx==1.23.2 onnxruntime==1.30.0 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import numpy as np
import onnxruntime
from onnx import TensorProto, checker, helper

onnxruntime.set_default_logger_severity(4)
FILTERS = helper.make_tensor("w", TensorProto.FLOAT, [1, 1, 3, 3], [1.0] * 9)


def outcome(op, **padding):
    inputs, attributes = (["x"], {"kernel_shape": [3, 3]}) if op == "MaxPool" else (["x", "w"], {})
    node = helper.make_node(op, inputs, ["y"], dilations=[2, 2], **attributes, **padding)
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [node], "g", [value("x", TensorProto.FLOAT, [1, 1, 9, 9])], [value("y", TensorProto.FLOAT, [1, 1, "h", "w"])], [FILTERS]
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    checker.check_model(model)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    try:
        return session.run(None, {"x": np.ones((1, 1, 9, 9), np.float32)})[0].shape[2:]
    except Exception as error:
        return "refused" if "Dilation not supported" in str(error) else repr(error)


seen = {
    "MaxPool SAME_UPPER": outcome("MaxPool", auto_pad="SAME_UPPER"),
    "MaxPool pads": outcome("MaxPool", pads=[2, 2, 2, 2]),
    "Conv SAME_UPPER": outcome("Conv", auto_pad="SAME_UPPER"),
    "Conv pads": outcome("Conv", pads=[2, 2, 2, 2]),
}
print(seen)
assert seen == {
    "MaxPool SAME_UPPER": (7, 7),
    "MaxPool pads": (9, 9),
    "Conv SAME_UPPER": "refused",
    "Conv pads": (9, 9),
}
PYTHON
