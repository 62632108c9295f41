import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, expect, it } from '@jest/globals';
import { readOnnx, readTensorProto, writeOnnx } from '../../../src/formats/onnx/index.ts';
import type { Graph } from '../../../src/graph/graph.ts';
import { inferTypes } from '../../../src/graph/infer.ts';
import { simplify } from '../../../src/graph/passes/index.ts';
import type { Tensor } from '../../../src/tensor/tensor.ts';
import { dataPath, describeWithData } from '../../support/data.ts';
import { difference, runOnnx, type Tolerance } from '../../support/onnxruntime.ts';

/** What the conformance suite itself allows. */
const UPSTREAM: Tolerance = { relative: 1e-3, absolute: 1e-7 };

interface Case {
  readonly bytes: Uint8Array;
  readonly inputs: Tensor[];
  readonly outputs: Tensor[];
}

function tensors(name: string, role: 'input' | 'output'): Tensor[] {
  const folder = dataPath('onnx-node', name, 'test_data_set_0');
  const files = readdirSync(folder).filter((file) => file.startsWith(`${role}_`));
  return files.map((_, at) => {
    const file = `${folder}/${role}_${at}.pb`;
    return readTensorProto(readFileSync(file), file).tensor;
  });
}

function load(name: string): Case {
  const bytes = readFileSync(dataPath('onnx-node', name, 'model.onnx'));
  return { bytes, inputs: tensors(name, 'input'), outputs: tensors(name, 'output') };
}

/** The stored inputs by the names that the file gives them. */
function named(names: readonly string[], inputs: readonly Tensor[]): Record<string, Tensor> {
  return Object.fromEntries(names.map((name, at) => [name, inputs[at]!]));
}

/** Cases store inputs by place; their shapes close dimensions that are open, or 0 on purpose. */
function graphOf(name: string, bytes: Uint8Array, inputs: readonly Tensor[]): Graph {
  const options = { file: name, float16: 'keep' as const };
  const { inputs: names } = readOnnx(bytes, options);
  const shapes = Object.fromEntries(names.map((input, at) => [input, inputs[at]!.shape]));
  return readOnnx(bytes, { ...options, shapes });
}

describeWithData('the ONNX conformance cases', () => {
  const cases = readdirSync(dataPath('onnx-node')).filter((name) => name.startsWith('test_'));
  const count = { run: 0, roundTrip: 0, typed: 0 };

  afterAll(() => {
    process.stdout.write(
      `${count.run} of ${cases.length} run in onnxruntime, ${count.roundTrip} round-trip, ` +
        `${count.typed} with every output type inferred\n`,
    );
  });

  it.each(cases)('%s', async (name) => {
    let stored: Case;
    try {
      stored = load(name);
    } catch {
      return; // an output that is no tensor
    }
    const { bytes, inputs, outputs } = stored;
    const graph = graphOf(name, bytes, inputs);
    const feeds = named(graph.inputs, inputs);
    try {
      await runOnnx(bytes, feeds);
    } catch {
      return; // not an operator or element type of this runtime
    }
    count.run += 1;
    const inferred = inferTypes({ ...graph, types: withoutOutputs(graph) });
    const simplified = inferTypes(simplify(inferred));
    for (const form of [graph, inferred, simplified]) {
      const results = await runOnnx(writeOnnx(form), feeds);
      form.outputs.forEach((output, at) => {
        expect(difference(results[output]!, outputs[at]!, UPSTREAM)).toBeUndefined();
      });
    }
    count.roundTrip += 1;
    graph.outputs.forEach((output, at) => {
      const { dtype, shape } = outputs[at]!;
      expect({ output, type: inferred.types.get(output) }).toEqual({
        output,
        type: { dtype, shape: [...shape] },
      });
    });
    count.typed += 1;
  });
});

/** Only what the inputs say: the declared output types must not answer for us. */
function withoutOutputs(graph: Graph): Graph['types'] {
  return new Map([...graph.types].filter(([name]) => !graph.outputs.includes(name)));
}
