#!/usr/bin/env bash
# onnx 1.23.2 with onnxruntime 1.30.0 (PyPI, CPU).
#
# Before operator set 7 an Add laid its second input over the first from `axis` on (`broadcast` = 1, `axis` = 1: a bias per
# channel). onnx.version_converter reports success for such a model, and the checker of ONNX passes what it writes, but that is
# no model: the output of the Unsqueeze that it adds is listed as a constant, too, without an element type, so onnxruntime does
# not load it; and its axes are [1, 2, 3], which make the bias [4, 1, 1, 1] where [4, 1, 1] is meant. This holds for each target
# from 7 to 13, so converting is no cure for models of that age: export them again, or write the Unsqueeze by hand.
#
# Seen: axes [1, 2, 3]; "Invalid tensor data type 0" for the targets 7, 9 and 12 (13 has the axes as an input).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet onnx==1.23.2 onnxruntime==1.30.0 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import numpy as np
import onnxruntime
from onnx import TensorProto, checker, helper, numpy_helper, version_converter

onnxruntime.set_default_logger_severity(4)
bias = np.arange(4, dtype=np.float32)
x = np.ones((1, 4, 2, 2), np.float32)
value = helper.make_tensor_value_info
graph = helper.make_graph(
    [helper.make_node("Add", ["x", "bias"], ["y"], broadcast=1, axis=1)],
    "g",
    [value("x", TensorProto.FLOAT, x.shape), value("bias", TensorProto.FLOAT, bias.shape)],
    [value("y", TensorProto.FLOAT, x.shape)],
    [numpy_helper.from_array(bias, "bias")],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 6)], ir_version=3)
checker.check_model(model)


def outcome(version):
    newer = version_converter.convert_version(model, version)
    checker.check_model(newer)
    axes = [list(helper.get_node_attr_value(node, "axes")) for node in newer.graph.node if node.op_type == "Unsqueeze"]
    try:
        session = onnxruntime.InferenceSession(newer.SerializeToString(), providers=["CPUExecutionProvider"])
        right = np.array_equal(session.run(None, {"x": x})[0], x + bias.reshape(4, 1, 1))
        return axes, "right" if right else "wrong"
    except Exception as error:
        return axes, "refused" if "Invalid tensor data type" in str(error) else repr(error)


seen = {version: outcome(version) for version in (7, 9, 12)}
print(seen)
assert seen == {version: ([[1, 2, 3]], "refused") for version in (7, 9, 12)}
PYTHON
