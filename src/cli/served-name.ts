import { basename, dirname, extname, resolve } from 'node:path';
import { isName } from '../wire/names.ts';

export const ZOO_PREFIX = 'zoo:';

/** True for what names a file, not a bundled model. */
export function isModelPath(spec: string): boolean {
  return /[\\/]/.test(spec) || ['.onnx', '.json'].includes(extname(spec).toLowerCase());
}

/** A name as a level of a topic may be. */
export function topicName(name: string): string {
  const valid = name.replace(/[^A-Za-z0-9._-]+/g, '-').slice(0, 128);
  return isName(valid) ? valid : 'model';
}

/** The name under which a master serves the model, unless a manifest or its configuration says another one. */
export function servedName(spec: string): string {
  if (spec.startsWith(ZOO_PREFIX)) return topicName(spec.slice(ZOO_PREFIX.length));
  if (!isModelPath(spec)) return topicName(spec);
  // Every TensorFlow.js model is called model.json: what tells one from another is the folder.
  if (basename(spec).toLowerCase() === 'model.json') return topicName(basename(dirname(resolve(spec))));
  return topicName(basename(spec, /\.(onnx|json)$/i.test(spec) ? extname(spec) : ''));
}
