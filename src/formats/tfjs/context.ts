import { IsobathError } from '../../base/errors.ts';
import { SHAPE_LIMITS } from '../open-dimensions.ts';

/** What one TensorFlow.js model may cost before it is refused. */
export const LIMITS = {
  /** Of model.json: the structure alone, since the weights lie beside it. Parsed, it takes several times that. */
  jsonBytes: 64 * 2 ** 20,
  /** Elements of all weights. */
  weightBytes: 2 ** 34,
  shards: 100_000,
  weights: 1_000_000,
  ...SHAPE_LIMITS,
} as const;

/** What a reader is told. */
export interface TfjsOptions {
  /** Shapes of inputs whose dimensions the model leaves open. */
  readonly shapes?: Readonly<Record<string, readonly number[]>>;
}

/** What every part of one reading knows: which file it is about, and where its shards are. */
export class TfjsContext {
  readonly file: string;
  readonly folder: string;

  constructor(file: string, folder: string) {
    this.file = file;
    this.folder = folder;
  }

  malformed(reason: string, cause?: unknown): IsobathError {
    return IsobathError.of('ISO_ERR_MODEL_MALFORMED', { file: this.file, reason }, cause);
  }

  unsupported(reason: string): IsobathError {
    return IsobathError.of('ISO_ERR_MODEL_UNSUPPORTED', { file: this.file, reason });
  }

  /** `reason` completes "which ...". */
  shard(tensor: string, location: string, reason: string, cause?: unknown): IsobathError {
    const details = { tensor, file: this.file, location, reason };
    return IsobathError.of('ISO_ERR_EXTERNAL_DATA', details, cause);
  }

  tooLarge(part: string, bytes: number, limit: number): IsobathError {
    return IsobathError.of('ISO_ERR_MODEL_TOO_LARGE', { what: `${this.file}${part}`, bytes, limit });
  }
}
