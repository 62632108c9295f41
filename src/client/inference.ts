import type { Tensor } from '../tensor/tensor.ts';
import type { ResultSummary } from '../wire/messages/summary.ts';

/** What a request carries: a file (a picture, a .npy or a JSON tensor), or tensors by input name. */
export type InferencePayload =
  | { readonly file: Uint8Array }
  | { readonly tensors: ReadonlyMap<string, Tensor> };

export interface InferenceReply {
  /** By output name; empty with `outputs: 'labels'`. */
  readonly outputs: ReadonlyMap<string, Tensor>;
  readonly summary: ResultSummary;
}
