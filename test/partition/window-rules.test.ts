import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { OnnxruntimeEngine } from '../../src/engine/onnxruntime/engine.ts';
import { CutCheck } from '../support/cut.ts';
import {
  int,
  numbers,
  type OperatorCase,
  operatorCase,
  pair,
  planes,
  windows,
} from '../support/operators.ts';
import { regionOf } from '../support/regions.ts';

const convolutions = fc
  .record({
    window: windows,
    plane: planes,
    groups: int(1, 3),
    inner: int(1, 3),
    outer: int(1, 3),
    bias: fc.boolean(),
  })
  .map(({ window, plane, groups, inner, outer, bias }) => {
    const ifm = [plane[0], groups * inner, plane[2], plane[3]];
    const filters = numbers([groups * outer, inner, ...window.kernel_shape], 5);
    const constants = bias ? [filters, numbers([groups * outer], 7)] : [filters];
    // onnxruntime pads dilated convolutions otherwise than the standard says when auto_pad is SAME
    const dilations = 'auto_pad' in window ? [1, 1] : window.dilations;
    return operatorCase('Conv', [ifm], { ...window, dilations, group: groups }, constants);
  });

const transposed = fc
  .record({
    ...{
      kernel_shape: pair(1, 4),
      strides: pair(1, 4),
      dilations: pair(1, 2),
      begin: pair(0, 3),
      end: pair(0, 3),
    },
    ...{ padding: pair(0, 3), plane: planes, groups: int(1, 3), inner: int(1, 3), outer: int(1, 3) },
    ...{
      bias: fc.boolean(),
      auto_pad: fc.constantFrom('NOTSET', 'NOTSET', 'VALID', 'SAME_UPPER', 'SAME_LOWER'),
    },
  })
  .map(
    ({
      kernel_shape,
      strides,
      dilations,
      begin,
      end,
      padding,
      plane,
      groups,
      inner,
      outer,
      bias,
      auto_pad,
    }) => {
      const ifm = [plane[0], groups * inner, plane[2], plane[3]];
      const filters = numbers([groups * inner, outer, ...kernel_shape], 5);
      const constants = bias ? [filters, numbers([groups * outer], 7)] : [filters];
      const reach = kernel_shape.map((size, axis) => (size - 1) * dilations[axis]! + 1);
      // onnxruntime takes no padding of the output beyond the stride, and no pad beyond the kernel
      const output_padding = padding.map((rows, axis) => Math.min(rows, strides[axis]! - 1));
      const pads = [...begin, ...end].map((pad, at) => Math.min(pad, reach[at % 2]! - 1));
      const window = auto_pad === 'NOTSET' ? { pads, output_padding } : { auto_pad };
      return operatorCase(
        'ConvTranspose',
        [ifm],
        { strides, dilations, group: groups, ...window },
        constants,
      );
    },
  );

const poolings = (op: string) =>
  fc
    .record({ window: windows, plane: planes, ceil_mode: int(0, 1), count_include_pad: int(0, 1) })
    .map(({ window, plane, ceil_mode, count_include_pad }) => {
      const same = 'auto_pad' in window;
      const attributes = {
        ...window,
        ceil_mode: same ? 0 : ceil_mode,
        ...(same ? { dilations: [1, 1] } : {}),
      };
      const average = op === 'AveragePool' ? { count_include_pad } : {};
      return operatorCase(op, [plane], { ...attributes, ...average }, [], 19);
    });

/** A case and a region of its output. */
function regionsOf(cases: fc.Arbitrary<OperatorCase | undefined>) {
  return cases
    .filter((found) => found !== undefined)
    .chain((found) => fc.tuple(fc.constant(found), regionOf(found.graph.types.get('y')!.shape)));
}

describe('a region of the output of an operator with a window', () => {
  const engine = new OnnxruntimeEngine({ threads: 1 });
  beforeAll(() => engine.start());
  afterAll(() => engine.stop());

  it.each([
    ['Conv', convolutions, 150],
    // where SAME leaves an odd number of rows to cut off, runtimes disagree on the side: not cut
    ['ConvTranspose', transposed, 80],
    ['MaxPool', poolings('MaxPool'), 150],
    ['AveragePool', poolings('AveragePool'), 150],
  ] as const)('%s, cut anywhere, is that region of the whole', async (_, cases, least) => {
    const check = new CutCheck(engine);
    await fc.assert(
      fc.asyncProperty(regionsOf(cases), ([{ graph, inputs }, region]) =>
        check.check(graph, inputs, [{ tensor: 'y', region }]),
      ),
      { numRuns: 200 },
    );
    expect(check.cut).toBeGreaterThan(least);
  });
});
