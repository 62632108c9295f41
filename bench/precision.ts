import { parseArgs } from 'node:util';
import { crc32, deflateRawSync } from 'node:zlib';
import { inputsFor } from '../src/cli/model-input.ts';
import { resolveModel } from '../src/cli/resolve-model.ts';
import { OnnxruntimeEngine } from '../src/engine/onnxruntime/engine.ts';
import { compileForWire } from '../src/engine/wire-program.ts';
import { median, relativeSpread } from '../src/estimator/statistics.ts';
import type { Graph } from '../src/graph/graph.ts';
import { inferTypes } from '../src/graph/infer.ts';
import { accumulate, readRegion } from '../src/tensor/copy.ts';
import { narrow, widen } from '../src/tensor/float16.ts';
import { placeQuantised, quantise } from '../src/tensor/int8.ts';
import { type Precision, scaleShape, wireTypeOf } from '../src/tensor/precision.ts';
import { type Region, wholeRegion } from '../src/tensor/region.ts';
import { bytesOf, Tensor } from '../src/tensor/tensor.ts';
import { wireRegion } from '../src/tensor/wire-region.ts';

/**
 * What a narrower wire costs, in ns per element: in the thread that slices and places, and in the engine's program. With
 * `--model M --input FILE ...`, how many zeros the feature maps hold that such a model's convolutions read, and what coding
 * them apart, a bit per element and then the others, would take and save.
 */
const { values } = parseArgs({
  options: { model: { type: 'string' }, input: { type: 'string', multiple: true, default: [] } },
});

const SHAPE = [1, 64, 128, 128];
const WHOLE = wholeRegion(SHAPE);
const ROWS: Region = [
  [0, 1],
  [0, 64],
  [32, 96],
  [0, 128],
];
const SIZE = 64 * 128 * 128;
const RUNS = { first: 8, counted: 25 };

const engine = new OnnxruntimeEngine({ threads: 1 });
await engine.start();
const report = values.model ? await zerosOf(values.model, values.input) : await conversions();
console.log(JSON.stringify({ node: process.version, onnxruntime: engine.version, ...report }, null, 2));
await engine.stop();

async function conversions() {
  // as after an activation: two fifths are zeros
  const floats = Float32Array.from({ length: SIZE }, (_, at) => (at % 5 < 2 ? 0 : 8 * Math.sin(at * 1.3)));
  const target = new Float32Array(SIZE);
  const halves = new Uint16Array(SIZE);
  const quantised = quantise(floats, SHAPE, WHOLE);
  const inThread: Record<string, () => void> = {
    'float32 sliced': () => readRegion(floats, SHAPE, WHOLE, 0, target),
    'float32 sliced, CRC-32': () => {
      readRegion(floats, SHAPE, WHOLE, 0, target);
      crc32(bytesOf(target));
    },
    'float32 to float16': () => narrow(floats, 0, halves, 0, SIZE),
    'float16 to float32': () => widen(halves, 0, target, 0, SIZE),
    'float32 to int8, channels': () => void quantise(floats, SHAPE, WHOLE),
    'float32 to int8, rows (half of the elements)': () => void quantise(floats, SHAPE, ROWS),
    'int8 to float32': () => placeQuantised(target, SHAPE, WHOLE, quantised),
    'float32 partial sum added': () => accumulate(target, SHAPE, WHOLE, floats),
  };
  const thread = Object.entries(inThread).map(([what, run]) => {
    const times: number[] = [];
    for (let at = 0; at < RUNS.first + RUNS.counted; at += 1) {
      const started = performance.now();
      run();
      if (at >= RUNS.first) times.push(performance.now() - started);
    }
    return told(what, times);
  });
  const image = Tensor.float32(SHAPE, floats);
  const inEngine = [];
  for (const precision of ['float32', 'float16', 'int8'] as const)
    inEngine.push(await edgesOf(precision, image));
  return { thread, inEngine };
}

/** An addition with both edges in the precision: what it takes more than over float32 is the conversions. */
async function edgesOf(precision: Precision, image: Tensor) {
  const node = { name: 'y', op: 'Add', domain: '', inputs: ['x', 'x'], outputs: ['y'], attributes: {} };
  const types = new Map([['x', { dtype: 'float32', shape: SHAPE } as const]]);
  const parts = { name: 'sum', opsets: { '': 13 }, inputs: ['x'], outputs: ['y'], nodes: [node] };
  const graph: Graph = inferTypes({ ...parts, initializers: new Map(), types });
  const type = wireTypeOf({ dtype: 'float32', shape: SHAPE }, precision);
  const program = await compileForWire(engine, graph, { inputs: [type], outputs: [type] });
  const { scales, fill } = wireRegion(image, WHOLE, precision);
  const given = Tensor.zeros(type.dtype, SHAPE);
  fill(0, bytesOf(given.data));
  const inputs = scales ? [given, Tensor.of('float32', scaleShape(type), scales)] : [given];
  const times: number[] = [];
  for (let at = 0; at < RUNS.first + RUNS.counted; at += 1) {
    const { computeMs } = await program.run(inputs);
    if (at >= RUNS.first) times.push(computeMs);
  }
  await program.dispose();
  return told(`Add, in and out as ${precision}`, times);
}

function told(what: string, times: readonly number[]) {
  return { what, nsPerElement: (median(times) * 1e6) / SIZE, spread: relativeSpread(times) };
}

async function zerosOf(spec: string, files: readonly string[]) {
  const model = await resolveModel(spec, { engine });
  const { graph } = model;
  const read = new Set(
    graph.nodes
      .filter(({ op }) => ['Conv', 'Gemm', 'MatMul'].includes(op))
      .map(({ inputs: [ifm] }) => ifm!)
      .filter((name) => !graph.initializers.has(name) && !graph.inputs.includes(name)),
  );
  const program = await engine.compile({ ...graph, outputs: [...read] });
  const sums = { elements: 0, zeros: 0, coded: 0, deflated: 0, ns: 0 };
  for (const file of files.length > 0 ? files : [undefined]) {
    const { inputs } = await inputsFor(model, file);
    const { outputs } = await program.run(graph.inputs.map((name) => inputs.get(name)!));
    for (const { data, size } of outputs) {
      const halves = new Uint16Array(size);
      narrow(data as Float32Array, 0, halves, 0, size);
      const started = performance.now();
      const others = codedApart(halves);
      sums.ns += (performance.now() - started) * 1e6;
      sums.elements += size;
      sums.zeros += size - others;
      sums.coded += Math.ceil(size / 8) + 2 * others;
      sums.deflated += deflateRawSync(bytesOf(halves), { level: 1 }).length;
    }
  }
  await program.dispose();
  const { elements, zeros, coded, deflated, ns } = sums;
  const bytes = 2 * elements;
  return {
    ...{ model: spec, inputs: files.length, tensors: read.size, zeros: zeros / elements },
    ...{ coded: coded / bytes, deflated: deflated / bytes, codingNsPerElement: ns / elements },
  };
}

/** Gives how many are no zeros. */
function codedApart(halves: Uint16Array): number {
  const others = new Uint16Array(halves.length);
  const map = new Uint8Array(Math.ceil(halves.length / 8));
  let count = 0;
  for (let at = 0; at < halves.length; at += 1) {
    const half = halves[at]!;
    const other = half === 0 ? 0 : 1;
    map[at >> 3]! |= other << (at & 7);
    others[count] = half;
    count += other;
  }
  return count;
}
