import { describe, expect, it } from '@jest/globals';
import { writeOnnx } from '../../../src/formats/onnx/index.ts';
import { inferTypes } from '../../../src/graph/infer.ts';
import { simplify } from '../../../src/graph/passes/index.ts';
import { graphOf, ints, nodeOf } from '../../support/graphs.ts';
import { difference, runOnnx } from '../../support/onnxruntime.ts';
import { graphOfCase, NODE_CASES } from '../../support/operator-cases.ts';

describe('the types of operators', () => {
  it.each(NODE_CASES.map((each) => [each.op, each] as const))(
    '%s: as onnxruntime makes them',
    async (_, each) => {
      const graph = graphOfCase(each);
      const feeds = Object.fromEntries(each.live.map((tensor, at) => [`x${at}`, tensor]));
      const made = await runOnnx(
        writeOnnx({ ...graph, types: new Map(each.live.map((t, at) => [`x${at}`, t])) }),
        feeds,
      );
      for (const name of graph.outputs) {
        const { dtype, shape } = made[name]!;
        expect({ name, ...graph.types.get(name) }).toEqual({ name, dtype, shape });
      }
    },
  );
});

describe('constants that are computed before a run', () => {
  const FOLDED = [
    ...['Equal', 'Greater', 'LessOrEqual', 'Where', 'Expand', 'Range', 'Floor', 'Ceil', 'Sqrt', 'Neg', 'Abs'],
    ...['Max', 'Min', 'QuantizeLinear'],
  ];

  it.each(NODE_CASES.filter(({ op }) => FOLDED.includes(op)).map((each) => [each.op, each] as const))(
    '%s: as onnxruntime computes them',
    async (_, each) => {
      const all = { ...each, live: [], constants: [...each.live, ...(each.constants ?? [])] };
      const graph = graphOfCase(all);
      // an output keeps its node: the value is read behind one
      const [output = ''] = graph.outputs;
      const behind = nodeOf('Identity', [output], ['z']);
      const longer = inferTypes({ ...graph, nodes: [...graph.nodes, behind], outputs: ['z'] });
      const value = simplify(longer).initializers.get(output);
      const want = await runOnnx(writeOnnx(graph), {});
      expect(value).toBeDefined();
      expect(difference(value!, want[output]!, { relative: 1e-6, absolute: 0 })).toBeUndefined();
    },
  );

  it('folds the product of a shape, as exporters count elements', async () => {
    const nodes = [
      nodeOf('Shape', ['x'], ['s']),
      nodeOf('ReduceProd', ['s'], ['n'], { keepdims: 0 }),
      nodeOf('Unsqueeze', ['n', 'zero'], ['target']),
      nodeOf('Reshape', ['x', 'target'], ['y']),
    ];
    const graph = inferTypes(graphOf({ x: [2, 3, 4] }, nodes, { constants: { zero: ints(0) } }));
    expect(graph.types.get('y')!.shape).toEqual([24]);
  });
});
