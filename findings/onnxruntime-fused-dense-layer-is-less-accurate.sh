#!/usr/bin/env bash
# onnxruntime 1.30.0 (npm: onnxruntime-node 1.30.0), CPU of x64 with AVX2.
#
# A dense layer whose filters alone are quantised to 8 bits (DequantizeLinear of a constant, then MatMul with a float32 input)
# is float32 arithmetic by the ONNX standard. From the level `extended` on, which is the default, onnxruntime fuses the two
# nodes to MatMulNBits, whose kernel by default rounds the INPUT to 8 bits as well. So an answer of a model
# that has no quantised feature map carries an error of some thousandths of the largest magnitude. It is so for
# scales per block, and for ONE scale for all filters, too.
#
# Seen: 3.2e-3 (blocks of 32) and 3.3e-3 (one scale) of the largest magnitude at `extended` and `all`, 0 at `basic`; 4.1e-7
# with the setting session.qdq_matmulnbits_accuracy_level=1.
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

rng = np.random.default_rng(3)
inner, outer = 1024, 64
stored = rng.integers(-127, 128, (inner, outer)).astype(np.int8)
blocks = (rng.random((inner // 32, outer)) * 0.02 / 127).astype(np.float32)
for name, scales, attributes in (
    ("blocks", blocks, {"axis": 0, "block_size": 32}),
    ("one", np.float32(0.02 / 127), {}),
):
    nodes = [h.make_node("DequantizeLinear", ["stored", "scales"], ["w"], **attributes), h.make_node("MatMul", ["x", "w"], ["y"])]
    graph = h.make_graph(
        nodes, name, [h.make_tensor_value_info("x", T.FLOAT, [1, inner])],
        [h.make_tensor_value_info("y", T.FLOAT, [1, outer])], [nh.from_array(stored, "stored"), nh.from_array(np.asarray(scales), "scales")],
    )
    model = h.make_model(graph, opset_imports=[h.make_opsetid("", 21)], ir_version=10)
    onnx.checker.check_model(model)
    onnx.save(model, f"{name}.onnx")
PY
venv/bin/python models.py
cat >run.mjs <<'JS'
import ort from 'onnxruntime-node';

const x = Float32Array.from({ length: 1024 }, (_, at) => Math.sin(at * 1.7) + Math.cos(at * 0.3));
async function run(model, graphOptimizationLevel, extra) {
  const options = { graphOptimizationLevel, logSeverityLevel: 3, ...(extra ? { extra } : {}) };
  const session = await ort.InferenceSession.create(`${model}.onnx`, options);
  return (await session.run({ x: new ort.Tensor('float32', x, [1, 1024]) })).y.data;
}
let failed = false;
for (const model of ['blocks', 'one']) {
  const wanted = await run(model, 'disabled');
  const largest = Math.max(...wanted.map(Math.abs));
  const off = (made) => Math.max(...made.map((value, at) => Math.abs(value - wanted[at]))) / largest;
  const check = (what, error, holds) => {
    console.log(`${model}, ${what}: ${error.toExponential(1)} of the largest magnitude`);
    if (!holds) failed = true;
  };
  const basic = off(await run(model, 'basic'));
  check('basic', basic, basic < 1e-6);
  for (const level of ['extended', 'all']) {
    const fused = off(await run(model, level));
    check(level, fused, fused > 5e-4);
    const accurate = off(await run(model, level, { session: { qdq_matmulnbits_accuracy_level: '1' } }));
    check(`${level}, accuracy level 1`, accurate, accurate < 5e-6);
  }
}
process.exit(failed ? 1 : 0);
JS
node run.mjs
