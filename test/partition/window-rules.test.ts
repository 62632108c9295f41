import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { OnnxruntimeEngine } from '../../src/engine/onnxruntime/engine.ts';
import { CutCheck } from '../support/cut.ts';
import { int, numbers, type OperatorCase, operatorCase, planes, windows } from '../support/operators.ts';
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
    ['Conv', convolutions],
    ['MaxPool', poolings('MaxPool')],
    ['AveragePool', poolings('AveragePool')],
  ] as const)('%s, cut anywhere, is that region of the whole', async (_, cases) => {
    const check = new CutCheck(engine);
    await fc.assert(
      fc.asyncProperty(regionsOf(cases), ([{ graph, inputs }, region]) =>
        check.check(graph, inputs, [{ tensor: 'y', region }]),
      ),
      { numRuns: 200 },
    );
    expect(check.cut).toBeGreaterThan(150);
  });
});
