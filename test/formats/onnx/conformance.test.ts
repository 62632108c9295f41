import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, expect, it } from '@jest/globals';
import { readOnnx, readTensorProto, writeOnnx } from '../../../src/formats/onnx/index.ts';
import type { Graph } from '../../../src/graph/graph.ts';
import { inferTypes, unknownTensors } from '../../../src/graph/infer.ts';
import { simplify } from '../../../src/graph/passes/index.ts';
import type { Tensor } from '../../../src/tensor/tensor.ts';
import { dataPath, describeWithData } from '../../support/data.ts';
import { compileOnnx, difference, runOnnx, type Tolerance } from '../../support/onnxruntime.ts';

/** What the conformance suite itself allows. */
const UPSTREAM: Tolerance = { relative: 1e-3, absolute: 1e-7 };

interface Case {
  readonly bytes: Uint8Array;
  readonly inputs: Tensor[];
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
  return { bytes, inputs: tensors(name, 'input') };
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
  const all = readdirSync(dataPath('onnx-node')).filter((name) => name.startsWith('test_'));
  const sequences = all.filter((name) => name.includes('to_sequence'));
  const cases = all.filter((name) => !sequences.includes(name));
  const count = { run: 0, roundTrip: 0, typed: 0 };

  afterAll(() => {
    process.stdout.write(
      `${count.run} of ${all.length} run in onnxruntime, ${count.roundTrip} round-trip, ` +
        `${count.typed} with every output type inferred; ${sequences.length} give sequences\n`,
    );
  });

  it.each(sequences)(
    '%s: written as onnxruntime accepts it, though its output is no tensor',
    async (name) => {
      const { bytes, inputs } = load(name);
      const graph = inferTypes(graphOf(name, bytes, inputs));
      expect(unknownTensors(graph)).toEqual(graph.outputs);
      await expect(compileOnnx(bytes)).resolves.toEqual(graph.outputs);
      await expect(compileOnnx(writeOnnx(graph))).resolves.toEqual(graph.outputs);
    },
  );

  it.each(cases)('%s', async (name) => {
    const { bytes, inputs } = load(name);
    const outputs = tensors(name, 'output');
    const graph = graphOf(name, bytes, inputs);
    const feeds = named(graph.inputs, inputs);
    await runOnnx(bytes, feeds);
    count.run += 1;
    const closed = closeParameters(graph, feeds);
    const inferred = inferTypes({ ...closed, types: withoutOutputs(closed) });
    const forms = [graph, inferred, inferTypes(simplify(inferTypes(graph))), inferTypes(simplify(inferred))];
    for (const form of forms) {
      const results = await runOnnx(writeOnnx(form), pick(feeds, form.inputs));
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

/** Axes, sizes and the like are inputs in the cases and constants in models: only as such do they tell a shape. */
function closeParameters(graph: Graph, feeds: Readonly<Record<string, Tensor>>): Graph {
  const isParameter = (name: string, at: number) => at > 0 || graph.types.get(name)?.dtype === 'int64';
  const parameters = graph.inputs.filter(isParameter);
  return {
    ...graph,
    inputs: graph.inputs.filter((name) => !parameters.includes(name)),
    initializers: new Map([
      ...graph.initializers,
      ...parameters.map((name) => [name, feeds[name]!] as const),
    ]),
  };
}

function pick(feeds: Readonly<Record<string, Tensor>>, names: readonly string[]): Record<string, Tensor> {
  return Object.fromEntries(names.map((name) => [name, feeds[name]!]));
}
