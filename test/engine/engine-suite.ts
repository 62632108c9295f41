import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { engineConformance } from '../../src/engine/conformance.ts';
import { onnxConformance } from '../../src/engine/conformance-onnx.ts';
import { type EngineName, engineNamed } from '../../src/engine/engines.ts';
import { dataPath, describeWithData } from '../support/data.ts';
import { documentedPasses, documentedRefusals, skippedFor } from '../support/engines.ts';

/** What every engine must do, and what docs/engines.md says that this one cannot. */
export function describeEngine(name: EngineName): void {
  const skipped = skippedFor(name);
  if (skipped) {
    describe(`the engine ${name}`, () => it.skip(skipped, () => {}));
    return;
  }
  const make = () => engineNamed(name, { threads: 1 });
  describe(`the engine ${name}`, () => {
    for (const { name: what, run } of engineConformance(make)) it(what, run);
  });

  describeWithData(`the engine ${name} on the single-operator cases of ONNX`, () => {
    const engine = make();
    beforeAll(() => engine.start());
    afterAll(() => engine.stop());
    const refused = documentedRefusals(name);
    const cases = onnxConformance(engine, dataPath('onnx-node'), (each) => refused.has(each));

    for (const { name: what, run } of cases) {
      it(refused.has(what) ? `${what}: refused, as docs/engines.md says` : what, run);
    }

    it('are as many as docs/engines.md says', () => {
      expect(documentedPasses(name)).toBe(cases.length - refused.size);
      const names = cases.map((each) => each.name);
      expect(names).toEqual(expect.arrayContaining([...refused.keys()]));
    });
  });
}
