import { IsobathError, reasonOf } from '../../base/errors.ts';
import { SHAPE_LIMITS } from '../open-dimensions.ts';

/**
 * What one model may cost before it is refused. A file of 2 bytes per empty node would otherwise become objects of a
 * hundred times its size.
 */
export const LIMITS = {
  /** Protobuf itself, and Node's file reader, end here. */
  fileBytes: 2 ** 31 - 1,
  /** Protobuf fields outside of tensors; each may become an object. */
  fields: 2_000_000,
  /** Bytes outside of tensors; a byte may become a 64-bit integer. */
  structureBytes: 32 * 2 ** 20,
  /** Elements of all constants, in the file or beside it. */
  tensorBytes: 2 ** 34,
  ...SHAPE_LIMITS,
  /** Bytes of all sparse constants with their zeros, which the file does not have to hold. */
  sparseBytes: 2 ** 30,
  /** Subgraphs within subgraphs. */
  nesting: 16,
  /** Functions that call functions. */
  functionNesting: 64,
} as const;

/** What every part of one reading knows: which file it is about, where its folder is, what is left of the limits. */
export class ReadContext {
  readonly file: string;
  readonly folder: string | undefined;
  /** Told the path below the folder of each file of external data. */
  readonly onExternalFile: (name: string) => void;
  #fields = 0;
  #structureBytes = 0;
  #tensorBytes = 0;
  #sparseBytes = 0;

  constructor(file: string, folder?: string, onExternalFile: (name: string) => void = () => undefined) {
    this.file = file;
    this.folder = folder;
    this.onExternalFile = onExternalFile;
  }

  malformed(reason: string, cause?: unknown): IsobathError {
    return IsobathError.of('ISO_ERR_MODEL_MALFORMED', { file: this.file, reason }, cause);
  }

  unsupported(reason: string): IsobathError {
    return IsobathError.of('ISO_ERR_MODEL_UNSUPPORTED', { file: this.file, reason });
  }

  externalData(tensor: string, location: string, reason: string, cause?: unknown): IsobathError {
    const details = { tensor, file: this.file, location, reason };
    return IsobathError.of('ISO_ERR_EXTERNAL_DATA', details, cause);
  }

  /** Runs a step of the protobuf library; whatever it throws says that the bytes are no model. */
  decode<T>(what: string, step: () => T): T {
    try {
      return step();
    } catch (error) {
      throw error instanceof IsobathError ? error : this.malformed(`${what}: ${reasonOf(error)}`, error);
    }
  }

  spendStructure(fields: number, bytes: number): void {
    this.#fields += fields;
    this.#structureBytes += bytes;
    if (this.#fields > LIMITS.fields) throw this.#tooLarge('structure', this.#fields, LIMITS.fields);
    if (this.#structureBytes > LIMITS.structureBytes) {
      throw this.#tooLarge('structure', this.#structureBytes, LIMITS.structureBytes);
    }
  }

  spendTensor(bytes: number): void {
    this.#tensorBytes += bytes;
    if (this.#tensorBytes > LIMITS.tensorBytes) {
      throw this.#tooLarge('constants', this.#tensorBytes, LIMITS.tensorBytes);
    }
  }

  spendSparse(bytes: number): void {
    this.#sparseBytes += bytes;
    if (this.#sparseBytes > LIMITS.sparseBytes) {
      throw this.#tooLarge('sparse constants', this.#sparseBytes, LIMITS.sparseBytes);
    }
  }

  fileTooLarge(bytes: number): IsobathError {
    return IsobathError.of('ISO_ERR_MODEL_TOO_LARGE', { what: this.file, bytes, limit: LIMITS.fileBytes });
  }

  #tooLarge(part: string, bytes: number, limit: number): IsobathError {
    return IsobathError.of('ISO_ERR_MODEL_TOO_LARGE', { what: `${this.file}, its ${part},`, bytes, limit });
  }
}
