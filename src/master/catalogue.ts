import type { Service } from '../base/service.ts';
import type { ServedModel } from './served-model.ts';

/** One version of a model, as a catalogue offers it. */
export interface OfferedVersion {
  readonly version: string;
  /** Two offers with the same one are the same content. */
  readonly fingerprint: string;
  /** Throws a coded error. */
  load(): Promise<ServedModel>;
}

export interface OfferedModel {
  readonly name: string;
  /** The newest first; at least one. */
  readonly versions: readonly OfferedVersion[];
}

/** Where the models that a master serves come from. A catalogue may change while it is started. */
export interface Catalogue extends Service {
  /** What it holds now; known after `start`. */
  readonly models: readonly OfferedModel[];
  /** Gives the function that ends the listening. */
  onChanged(listener: () => void): () => void;
}
