import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { loadOnnx, readTensorProto, writeOnnx } from '../../../src/formats/onnx/index.ts';
import type { Graph } from '../../../src/graph/graph.ts';
import { inferTypes, unknownTensors } from '../../../src/graph/infer.ts';
import { filterBytesOf, macsOf } from '../../../src/graph/macs.ts';
import { simplify } from '../../../src/graph/passes/index.ts';
import { Tensor } from '../../../src/tensor/tensor.ts';
import { dataPath, describeWithData } from '../../support/data.ts';
import { difference, runOnnx } from '../../support/onnxruntime.ts';

/** Every tensor of the graph, as onnxruntime makes it. */
async function runAll(graph: Graph, inputs: Record<string, Tensor>): Promise<Record<string, Tensor>> {
  const outputs = graph.nodes.flatMap((node) => node.outputs).filter((name) => name !== '');
  return runOnnx(writeOnnx({ ...graph, outputs, types: new Map(graph.inputs.map(typeOf(graph))) }), inputs);
}

function typeOf(graph: Graph) {
  return (name: string) => [name, graph.types.get(name)!] as const;
}

function zeros(graph: Graph): Record<string, Tensor> {
  return Object.fromEntries(
    graph.inputs.map((name) => [name, Tensor.zeros('float32', graph.types.get(name)!.shape)]),
  );
}

function totalMacs(graph: Graph): number {
  return graph.nodes.reduce((sum, node) => sum + macsOf(graph, node), 0);
}

async function load(file: string): Promise<Graph> {
  return inferTypes(await loadOnnx(dataPath(file)));
}

describeWithData('MNIST', () => {
  it.each([0, 1, 2])(
    'gives the stored output of set %i after reading, simplifying and writing',
    async (set) => {
      const graph = inferTypes(simplify(await load('mnist/model.onnx')));
      const [input, wanted] = ['input', 'output'].map((role) => {
        const file = dataPath('mnist', `test_data_set_${set}`, `${role}_0.pb`);
        return readTensorProto(readFileSync(file), file).tensor;
      });
      const results = await runOnnx(writeOnnx(graph), { [graph.inputs[0]!]: input! });
      // The stored outputs are logits of order 1,000: the published difference is 7.9e-4.
      const tolerance = { relative: 1e-5, absolute: 1e-3 };
      expect(difference(results[graph.outputs[0]!]!, wanted!, tolerance)).toBeUndefined();
    },
  );

  it('has no constant among its inputs and counts its MACs', async () => {
    const graph = inferTypes(simplify(await load('mnist/model.onnx')));
    expect(graph.inputs).toEqual(['Input3']);
    // 28x28 outputs of 8 filters of 1x5x5; 14x14 of 16 filters of 8x5x5; 256 x 10.
    expect(totalMacs(graph)).toBe(784 * 8 * 25 + 196 * 16 * 200 + 2560);
    const filters = graph.nodes.reduce((sum, node) => sum + filterBytesOf(graph, node), 0);
    expect(filters).toBeGreaterThanOrEqual(4 * (8 * 25 + 8 + 16 * 200 + 16 + 2560 + 10));
  });
});

describeWithData('every tensor has the type that onnxruntime gives it', () => {
  const files = [
    'mnist/model.onnx',
    'squeezenet/SqueezeNet_fp16.onnx',
    'onnx-light/light_inception_v1.onnx',
    'onnx-light/light_resnet50.onnx',
  ];

  it.each(files)('%s', async (file) => {
    const declared = await loadOnnx(dataPath(file));
    const inputs = new Map(declared.inputs.map(typeOf(declared)));
    // Inferred from the inputs alone: what the file declares must not answer for us.
    const graph = inferTypes({ ...declared, types: inputs });
    const folded = inferTypes(simplify(graph));
    for (const form of [graph, folded]) {
      expect(unknownTensors(form)).toEqual([]);
      const made = await runAll(form, zeros(form));
      const wanted = Object.entries(made).map(([name, { dtype, shape }]) => [name, { dtype, shape }]);
      expect(Object.fromEntries(Object.keys(made).map((name) => [name, form.types.get(name)]))).toEqual(
        Object.fromEntries(wanted),
      );
    }
    expect(totalMacs(folded)).toBe(totalMacs(graph));
  });
});

describeWithData('published sizes', () => {
  // ResNet-50 has 3.9 GMACs where the stride is in the 1x1 convolutions, and 4.1 where, as in this file, it is in the 3x3
  // ones. Inception v1 is left out: this file rounds its feature maps down (55, 27, 13, 6), the publication does not.
  // Of the 25,557,032 parameters of ResNet-50, 2 for each of 26,560 channels scale and shift; folded, a bias is left.
  it.each([
    ['vgg19', '19.6', 143_667_240],
    ['resnet50', '4.1', 25_557_032 - 26_560],
  ])('%s has %s GMACs and, batch normalisation folded, %i parameters', async (name, gmacs, parameters) => {
    const graph = inferTypes(simplify(await load(`onnx-light/light_${name}.onnx`)));
    expect(graph.nodes.map((node) => node.op)).not.toContain('ConstantOfShape');
    expect((totalMacs(graph) / 1e9).toFixed(1)).toBe(gmacs);
    const layers = graph.nodes.filter((node) => macsOf(graph, node) > 0);
    expect(layers.reduce((sum, node) => sum + filterBytesOf(graph, node), 0)).toBe(4 * parameters);
  });
});

describe('loading', () => {
  it.each([
    ['/nowhere/model.onnx', 'ISO_ERR_MODEL_NOT_FOUND'],
    [import.meta.dirname, 'ISO_ERR_MODEL_MALFORMED'],
    [import.meta.filename, 'ISO_ERR_MODEL_MALFORMED'],
  ])('%s gives %s', async (file, code) => {
    await expect(loadOnnx(file)).rejects.toMatchObject({ code });
  });
});
