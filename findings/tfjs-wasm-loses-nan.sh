#!/usr/bin/env bash
# TensorFlow.js 4.22.0, @tensorflow/tfjs-backend-wasm against @tensorflow/tfjs-backend-cpu, Node.js 20.
#
# Behaviour: a NaN that goes into a kernel of the WebAssembly backend comes out as an ordinary number or as -Infinity, where
# the plain backend of the same release gives NaN (or, in a pooling window, leaves the NaN out): a picture whose preparation
# divided by zero gets a confident answer instead of a visible NaN.
#
# Seen, for the input [NaN, 1, 2]:
#   kernel                    cpu           wasm
#   conv2d, 1 x 1 of 1        NaN 1 2       -Infinity 1 2
#   relu6                     NaN 1 2       0 1 2
#   clipByValue(0, 6)         NaN 1 2       0 1 2
#   maxPool, 1 x 3            2             -Infinity
#
# Exits with 0 while that is so, and with 1 when it changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund \
  @tensorflow/tfjs-core@4.22.0 @tensorflow/tfjs-backend-cpu@4.22.0 @tensorflow/tfjs-backend-wasm@4.22.0
cat >run.cjs <<'JS'
const tf = require('@tensorflow/tfjs-core');
require('@tensorflow/tfjs-backend-cpu');
const wasm = require('@tensorflow/tfjs-backend-wasm');
wasm.setWasmPaths(`${require('node:path').dirname(require.resolve('@tensorflow/tfjs-backend-wasm'))}/`);

const KERNELS = {
  conv2d: () => tf.conv2d(tf.tensor4d([NaN, 1, 2], [1, 1, 3, 1]), tf.tensor4d([1], [1, 1, 1, 1]), 1, 'valid'),
  relu6: () => tf.relu6(tf.tensor1d([NaN, 1, 2])),
  clipByValue: () => tf.clipByValue(tf.tensor1d([NaN, 1, 2]), 0, 6),
  maxPool: () => tf.maxPool(tf.tensor4d([NaN, 1, 2], [1, 1, 3, 1]), [1, 3], 1, 'valid'),
};
(async () => {
  const seen = {};
  for (const backend of ['cpu', 'wasm']) {
    await tf.setBackend(backend);
    for (const [name, compute] of Object.entries(KERNELS)) {
      const values = Array.from(await compute().data()).join(' ');
      console.log(backend.padEnd(5), name.padEnd(12), values);
      seen[`${backend} ${name}`] = values;
    }
  }
  const expected = {
    'cpu conv2d': 'NaN 1 2', 'wasm conv2d': '-Infinity 1 2',
    'cpu relu6': 'NaN 1 2', 'wasm relu6': '0 1 2',
    'cpu clipByValue': 'NaN 1 2', 'wasm clipByValue': '0 1 2',
    'cpu maxPool': '2', 'wasm maxPool': '-Infinity',
  };
  const changed = Object.keys(expected).filter((key) => seen[key] !== expected[key]);
  if (changed.length > 0) console.log(`CHANGED: ${changed.join(', ')}`);
  process.exit(changed.length > 0 ? 1 : 0);
})();
JS
node run.cjs
