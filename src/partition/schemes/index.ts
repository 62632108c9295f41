import { IsobathError } from '../../base/errors.ts';
import type { Run } from '../run.ts';
import type { Scheme } from '../scheme.ts';
import { branches } from './branches.ts';
import { columns } from './columns.ts';
import { depthChain } from './depth-chain.ts';
import { depthGrid } from './depth-grid.ts';
import { inputDepth } from './input-depth.ts';
import { outputDepth } from './output-depth.ts';
import { replica } from './replica.ts';
import { rows } from './rows.ts';
import { rowsExchange } from './rows-exchange.ts';
import { tiles } from './tiles.ts';

/** Every scheme by name. A new one is a file beside these and a line here. */
export const SCHEMES: Readonly<Record<string, Scheme>> = Object.fromEntries(
  [inputDepth, outputDepth, depthGrid, depthChain, rows, rowsExchange, columns, tiles, branches, replica].map(
    (scheme) => [scheme.name, remembering(scheme)],
  ),
);

/** A planner cuts the same run over many teams: whether the scheme fits it is asked once. */
function remembering(scheme: Scheme): Scheme {
  const reasons = new WeakMap<Run, { readonly reason: string | undefined }>();
  return {
    ...scheme,
    unfit(run) {
      let known = reasons.get(run);
      if (!known) {
        known = { reason: scheme.unfit(run) };
        reasons.set(run, known);
      }
      return known.reason;
    },
  };
}

/** Throws ISO_ERR_SCHEME_UNKNOWN. */
export function schemeNamed(name: string): Scheme {
  if (Object.hasOwn(SCHEMES, name)) return SCHEMES[name]!;
  throw IsobathError.of('ISO_ERR_SCHEME_UNKNOWN', { scheme: name, known: Object.keys(SCHEMES).join(', ') });
}
