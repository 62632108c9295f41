import { expect, it } from '@jest/globals';
import { inferTypes, unknownTensors } from '../../src/graph/infer.ts';
import { filterBytesOf, macsOf } from '../../src/graph/macs.ts';
import { floats, graphOf, ints, nodeOf } from '../support/graphs.ts';

const unknownOp = [nodeOf('Mystery', ['x'], ['m']), nodeOf('Relu', ['m'], ['y'])];

it('leaves what an unknown operator makes, and all that depends on it, without a type', () => {
  const graph = inferTypes(graphOf({ x: [2, 3] }, unknownOp));
  expect(unknownTensors(graph)).toEqual(['m', 'y']);
  expect(macsOf(graph, graph.nodes[1]!)).toBe(0);
});

it('takes the declared type of an unknown operator, but its own of a known one', () => {
  const graph = graphOf({ x: [2, 3] }, unknownOp);
  const types = new Map(graph.types)
    .set('m', { dtype: 'int8', shape: [9] })
    .set('y', { dtype: 'float32', shape: [1] });
  const inferred = inferTypes({ ...graph, types });
  expect(inferred.types.get('m')).toEqual({ dtype: 'int8', shape: [9] });
  expect(inferred.types.get('y')).toEqual({ dtype: 'int8', shape: [9] });
});

it('an operator of another domain is not known, whatever its name', () => {
  const relu = { ...nodeOf('Relu', ['x'], ['y']), domain: 'com.example' };
  expect(unknownTensors(inferTypes(graphOf({ x: [1] }, [relu])))).toEqual(['y']);
});

it('follows a shape computed in the graph', () => {
  const nodes = [
    nodeOf('Shape', ['x'], ['s']),
    nodeOf('Gather', ['s', 'zero'], ['n'], { axis: 0 }),
    nodeOf('Mul', ['n', 'two'], ['n2']),
    nodeOf('Concat', ['n2', 'rest'], ['t'], { axis: 0 }),
    nodeOf('Reshape', ['x', 't'], ['y']),
  ];
  const constants = { zero: ints(0), two: ints(2), rest: ints(-1) };
  const graph = inferTypes(graphOf({ x: [3, 4, 2] }, nodes, { constants }));
  expect(graph.types.get('y')).toEqual({ dtype: 'float32', shape: [6, 4] });
});

it('a Reshape by a live tensor has no type of its own', () => {
  const graph = graphOf({ x: [4], s: [2] }, [nodeOf('Reshape', ['x', 's'], ['y'])]);
  expect(unknownTensors(inferTypes(graph))).toEqual(['y']);
});

it('refuses a tensor larger than any device', () => {
  const pads = ints(0, 2 ** 40);
  const graph = graphOf({ x: [4] }, [nodeOf('Pad', ['x', 'pads'], ['y'])], { constants: { pads } });
  expect(() => inferTypes(graph)).toThrow(expect.objectContaining({ code: 'ISO_ERR_MODEL_TOO_LARGE' }));
});

it('counts a constant that a node reads twice once', () => {
  const node = nodeOf('Add', ['w', 'w'], ['y']);
  const graph = graphOf({ x: [1] }, [node], { constants: { w: floats(2, 5) } });
  expect(filterBytesOf(graph, node)).toBe(40);
});
