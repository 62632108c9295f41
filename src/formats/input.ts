import { IsobathError, reasonOf } from '../base/errors.ts';
import type { Tensor, TensorType } from '../tensor/tensor.ts';
import { fitted } from './fit.ts';
import { readPlacedImage } from './image.ts';
import { parseJsonTensor } from './json-tensor.ts';
import type { Manifest } from './manifest.ts';
import { readNpy } from './npy.ts';
import type { Placement } from './placement.ts';
import { sniff } from './sniff.ts';
import { bytesOfSource, nameOf, type Source, unreadable } from './source.ts';

export interface InputOptions {
  /** The graph input that the tensor is for. */
  readonly input: string;
  /** What the model wants there. */
  readonly type: TensorType;
  /** How pictures are prepared; without it only tensors are accepted. */
  readonly manifest?: Manifest;
  /** The model's file or name, for the message that asks for a manifest. */
  readonly model?: string;
}

/** 64 MiB of text: parsed, it takes several times that. */
const MAX_JSON_BYTES = 64 * 1024 * 1024;

/**
 * Reads a picture, a .npy or a JSON tensor, told apart by content, as an input of a model. A tensor may leave out
 * leading axes of 1 ([C, H, W] for [1, C, H, W]); its elements are converted where no value is lost but to rounding.
 * Throws ISO_ERR_INPUT_NOT_FOUND, ISO_ERR_INPUT_UNREADABLE, ISO_ERR_INPUT_MISMATCH or ISO_ERR_MANIFEST_NEEDED.
 */
export async function readInput(source: Source, options: InputOptions): Promise<Tensor> {
  return (await readPlaced(source, options)).tensor;
}

/** An input, and where in it the picture lies that it was made of. */
export interface PlacedInput {
  readonly tensor: Tensor;
  readonly placement?: Placement;
}

/** As `readInput`, for whoever maps boxes back to the picture. */
export async function readPlaced(source: Source, options: InputOptions): Promise<PlacedInput> {
  const { input, type } = options;
  const bytes = await bytesOfSource(source);
  switch (sniff(bytes)) {
    case undefined:
      throw unreadable(
        source,
        bytes.length === 0 ? 'it is empty' : `it begins with the bytes ${head(bytes)}`,
      );
    case 'npy':
      return { tensor: fitted(readNpy(bytes, nameOf(source)), input, type) };
    case 'npz':
      throw unreadable(
        source,
        'it is an archive of arrays, which stands for all inputs of a model, not for one',
      );
    case 'json':
      return {
        tensor: fitted(parseJsonTensor(parsed(source, bytes), nameOf(source), 'float64'), input, type),
      };
    default: {
      const { manifest, model = manifest?.model ?? 'model' } = options;
      if (!manifest?.input) throw IsobathError.of('ISO_ERR_MANIFEST_NEEDED', { model });
      const picture = { ...manifest.input, name: input };
      const { tensor, placement } = await readPlacedImage(bytes, picture, type.shape, nameOf(source));
      return { tensor: fitted(tensor, input, type), placement };
    }
  }
}

function parsed(source: Source, bytes: Uint8Array): unknown {
  if (bytes.byteLength > MAX_JSON_BYTES)
    throw unreadable(source, `JSON is limited to ${MAX_JSON_BYTES} bytes`);
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw unreadable(source, reasonOf(error), error);
  }
}

function head(bytes: Uint8Array): string {
  return Buffer.from(bytes.subarray(0, 8)).toString('hex');
}
