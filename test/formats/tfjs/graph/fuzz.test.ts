import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { IsobathError } from '../../../../src/base/errors.ts';
import { inferTypes } from '../../../../src/graph/infer.ts';
import { simplify } from '../../../../src/graph/passes/index.ts';
import { converted, handmade } from '../../../support/graph-models.ts';
import { readModel } from '../../../support/tfjs-graph.ts';

const MODELS = [converted(), handmade()];

const junk = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    '',
    'NaN',
    '-1',
    '0',
    '7',
    '1.5',
    -1,
    0,
    3,
    1e12,
    true,
    [],
    {},
    [null],
    'ghost:1',
  ),
  fc.constantFrom<unknown>(
    { i: '-3' },
    { i: '2' },
    { f: 'Infinity' },
    { s: 'U0FNRQ==' },
    { list: { i: ['1'] } },
    { b: true },
  ),
);

const mutation = fc.record({
  path: fc.array(fc.nat(1000), { minLength: 1, maxLength: 9 }),
  action: fc.constantFrom('drop', 'replace', 'repeat'),
  junk,
});

/** Walks down by the numbers and changes what is there. */
function mutate(
  json: unknown,
  { path, action, junk }: { path: number[]; action: string; junk: unknown },
): void {
  let at = json as Record<string, unknown>;
  for (const [depth, step] of path.entries()) {
    const keys = Object.keys(at);
    const key = keys[step % keys.length];
    if (key === undefined) return;
    const next = at[key];
    if (
      depth < path.length - 1 &&
      typeof next === 'object' &&
      next !== null &&
      Object.keys(next).length > 0
    ) {
      at = next as Record<string, unknown>;
      continue;
    }
    if (action === 'replace') at[key] = structuredClone(junk);
    else if (action === 'repeat' && Array.isArray(at)) at.push(next);
    else if (Array.isArray(at)) at.splice(step % keys.length, 1);
    else delete at[key];
    return;
  }
}

it('a graph model that was changed anywhere is read, or gives a coded error', async () => {
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(
      fc.nat(1),
      fc.array(mutation, { minLength: 1, maxLength: 3 }),
      async (which, mutations) => {
        const model = MODELS[which]!;
        const json = structuredClone(model.json);
        for (const each of mutations) mutate(json, each);
        try {
          inferTypes(simplify(inferTypes(await readModel({ ...model, json }))));
          seen.add('read');
        } catch (error) {
          if (!(error instanceof IsobathError)) throw error;
          seen.add(error.code);
        }
      },
    ),
    { numRuns: 300 },
  );
  expect([...seen]).toEqual(
    expect.arrayContaining(['read', 'ISO_ERR_MODEL_MALFORMED', 'ISO_ERR_MODEL_UNSUPPORTED']),
  );
}, 120_000);
