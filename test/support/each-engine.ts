import { afterAll, beforeAll, describe, it } from '@jest/globals';
import type { Engine } from '../../src/engine/engine.ts';
import { ENGINE_NAMES, type EngineName, engineNamed } from '../../src/engine/engines.ts';
import { skippedFor } from './engines.ts';

/** Set by jest.slow.config.js. */
const everyEngine = (globalThis as { everyEngine?: boolean }).everyEngine === true;

/** The same tests on every engine, which is started; one that does not load here is skipped by name. */
export function forEachEngine(define: (engine: Engine, name: EngineName) => void): void {
  describeEngines(ENGINE_NAMES, define);
}

/** As `forEachEngine`, but tests that take long: the default run has them on onnxruntime, `npm run test:slow` on all. */
export function forEachEngineSlowly(define: (engine: Engine, name: EngineName) => void): void {
  describeEngines(everyEngine ? ENGINE_NAMES : ['onnxruntime'], define);
}

function describeEngines(
  names: readonly EngineName[],
  define: (engine: Engine, name: EngineName) => void,
): void {
  for (const name of names) {
    const skipped = skippedFor(name);
    describe(`on ${name}`, () => {
      if (skipped) {
        it.skip(skipped, () => {});
        return;
      }
      const engine = engineNamed(name, { threads: 1 });
      beforeAll(() => engine.start());
      afterAll(() => engine.stop());
      define(engine, name);
    });
  }
}
