#!/usr/bin/env bash
# onnxruntime 1.30.0 (npm: onnxruntime-node 1.30.0), CPU.
#
# In a quantised (QDQ) model an addition is DequantizeLinear of both operands, Add, QuantizeLinear. QuantizeLinear rounds
# x / scale half to even and then adds the zero point. From the level `extended` on onnxruntime computes the four nodes as one QLinearAdd,
# which adds the zero point first and rounds then. With an odd zero point what lies in the middle between two steps goes to the
# other one; with an even one both agree. With scales that are powers of two there is no other rounding in it, so a comparison "equal
# within float rounding" of the levels fails by a whole step.
#
# Seen: uint8, steps of 0.25 for the operands and 0.5 for the sum, sums from -3.5 to 4.25. Zero point 123: 16 of 32 sums lie in
# the middle, and all 16 differ by one step between `disabled` and `all`. Zero point 124: none differs.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y >/dev/null
ONNXRUNTIME_NODE_INSTALL=skip npm install --silent --no-audit --no-fund onnxruntime-node@1.30.0 >/dev/null
python3 -m venv venv
venv/bin/pip install --quiet onnx==1.19.0 numpy==2.3.2
cat >models.py <<'PY'
import numpy as np, onnx
from onnx import TensorProto as T, helper as h, numpy_helper as nh

for zero in (123, 124):
    constants = [nh.from_array(np.array(0.25, np.float32), "s"), nh.from_array(np.array(0.5, np.float32), "r"),
                 nh.from_array(np.array(zero, np.uint8), "z")]
    nodes = [
        h.make_node("QuantizeLinear", ["a", "s", "z"], ["aq"]),
        h.make_node("QuantizeLinear", ["b", "s", "z"], ["bq"]),
        h.make_node("DequantizeLinear", ["aq", "s", "z"], ["ad"]),
        h.make_node("DequantizeLinear", ["bq", "s", "z"], ["bd"]),
        h.make_node("Add", ["ad", "bd"], ["sum"]),
        h.make_node("QuantizeLinear", ["sum", "r", "z"], ["y"]),
    ]
    given = [h.make_tensor_value_info(name, T.FLOAT, [32]) for name in "ab"]
    graph = h.make_graph(nodes, "sum", given, [h.make_tensor_value_info("y", T.UINT8, [32])], constants)
    model = h.make_model(graph, opset_imports=[h.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, f"{zero}.onnx")
PY
venv/bin/python models.py
cat >run.mjs <<'JS'
import ort from 'onnxruntime-node';

const floats = (values) => new ort.Tensor('float32', Float32Array.from(values), [32]);
const a = Array.from({ length: 32 }, (_, at) => (at - 16) / 4);
const feeds = { a: floats(a), b: floats(a.map(() => 0.5)) };
async function run(zero, graphOptimizationLevel) {
  const session = await ort.InferenceSession.create(`${zero}.onnx`, { graphOptimizationLevel });
  return [...(await session.run(feeds)).y.data];
}
let failed = false;
for (const [zero, wanted] of [[123, 16], [124, 0]]) {
  const apart = await run(zero, 'disabled');
  const fused = await run(zero, 'all');
  const steps = apart.map((value, at) => Math.abs(value - fused[at]));
  const differ = steps.filter((each) => each > 0).length;
  console.log(`zero point ${zero}: ${differ} of 32 sums differ, by at most ${Math.max(...steps)} steps`);
  if (differ !== wanted || Math.max(...steps) > 1) failed = true;
}
process.exit(failed ? 1 : 0);
JS
node run.mjs
