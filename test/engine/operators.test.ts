import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Engine } from '../../src/engine/engine.ts';
import { type EngineName, engineNamed, nodesRefusedBy } from '../../src/engine/engines.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { inferTypes } from '../../src/graph/infer.ts';
import type { Tensor } from '../../src/tensor/tensor.ts';
import { documentedOperators, skippedFor } from '../support/engines.ts';
import { runWhole } from '../support/execute.ts';
import { nodeOf } from '../support/graphs.ts';
import { difference } from '../support/onnxruntime.ts';
import { graphOfCase, NODE_CASES, type NodeCase } from '../support/operator-cases.ts';

const TOLERANCE = { relative: 1e-4, absolute: 1e-5 };

/** Integers that are no sizes or places must be known: the cases give them as constants. */
const CASES = NODE_CASES.filter(({ live }) => live.length > 0);

/** The case behind a pooling of windows of one element, which leaves its feature map with the channels last. */
function behindPooling(each: NodeCase): Graph {
  const graph = graphOfCase(each);
  const pooled = graph.inputs.filter((name) => {
    const { dtype, shape } = graph.types.get(name)!;
    return dtype === 'float32' && shape.length >= 3 && shape.length <= 5;
  });
  const renamed = (name: string) => (pooled.includes(name) ? `${name}-pooled` : name);
  const poolings = pooled.map((name) => {
    const kernel_shape = graph.types
      .get(name)!
      .shape.slice(2)
      .map(() => 1);
    return nodeOf('MaxPool', [name], [renamed(name)], { kernel_shape });
  });
  const nodes = graph.nodes.map((node) => ({ ...node, inputs: node.inputs.map(renamed) }));
  const types = new Map(graph.inputs.map((name) => [name, graph.types.get(name)!]));
  return inferTypes({ ...graph, types, nodes: [...poolings, ...nodes] });
}

describe.each<EngineName>(['tfjs-wasm', 'tfjs-node'])('operators on %s', (name) => {
  const skipped = skippedFor(name);
  if (skipped) {
    it.skip(skipped, () => {});
    return;
  }
  const oracle = engineNamed('onnxruntime', { threads: 1 });
  const documented = documentedOperators();
  let engine: Engine;
  beforeAll(async () => {
    engine = engineNamed(name, { threads: 1 });
    await oracle.start();
    await engine.start();
  });
  afterAll(async () => {
    await oracle.stop();
    await engine.stop();
  });

  const reasonOf = (each: NodeCase) => [...nodesRefusedBy(name, graphOfCase(each)).values()][0];
  const run = CASES.filter((each) => reasonOf(each) === undefined);
  const refused = CASES.filter((each) => reasonOf(each) !== undefined);

  it.each(run.map((each) => [each.op, each] as const))(
    '%s is what onnxruntime computes, in both layouts',
    async (_, each) => {
      const inputs = new Map<string, Tensor>(each.live.map((tensor, at) => [`x${at}`, tensor]));
      const graph = graphOfCase(each);
      const want = await runWhole(oracle, graph, inputs);
      for (const own of [graph, behindPooling(each)]) {
        const got = await runWhole(engine, own, inputs);
        for (const [output, tensor] of want) {
          expect(difference(got.get(output)!, tensor, TOLERANCE)).toBeUndefined();
        }
      }
    },
  );

  it('are refused as docs/engines.md says, and before anything runs', async () => {
    expect([...new Set(refused.map(({ op }) => op))].sort()).toEqual(documented);
    for (const each of refused) {
      await expect(engine.compile(graphOfCase(each))).rejects.toMatchObject({
        code: 'ISO_ERR_ENGINE_COMPILE',
      });
    }
  });
});
