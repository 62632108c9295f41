import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { IsobathError, reasonOf } from '../../base/errors.ts';
import { LIMITS, TfjsContext } from './context.ts';
import { fieldOf, isRecord, type Json, shown } from './json.ts';

export const TFJS_FORMATS = ['layers-model', 'graph-model'] as const;
export type TfjsFormat = (typeof TFJS_FORMATS)[number];

/** A model.json, read and told apart, of which only the frame was looked at. */
export interface ModelJson {
  readonly format: TfjsFormat;
  /** Keras layers, or a TensorFlow GraphDef. */
  readonly topology: Json;
  readonly weightsManifest: unknown;
  /** The whole file: `signature`, `userDefinedMetadata`, `generatedBy`. */
  readonly json: Json;
  readonly context: TfjsContext;
}

/**
 * Reads the model.json at `file`. Throws ISO_ERR_MODEL_NOT_FOUND, ISO_ERR_MODEL_TOO_LARGE, and ISO_ERR_MODEL_MALFORMED
 * where it is not JSON or neither a layers nor a graph model.
 */
export async function readModelJson(file: string): Promise<ModelJson> {
  const context = new TfjsContext(file, path.dirname(file));
  const json = parsed(await textOf(file, context), context);
  if (!isRecord(json))
    throw context.malformed(`it is ${kindOf(json)}, where a TensorFlow.js model is an object`);
  const topology = topologyOf(json, context);
  return {
    format: formatOf(json, topology, context),
    topology,
    weightsManifest: json['weightsManifest'],
    json,
    context,
  };
}

async function textOf(file: string, context: TfjsContext): Promise<string> {
  try {
    const facts = await stat(file);
    if (!facts.isFile()) throw context.malformed('it is not a file');
    if (facts.size > LIMITS.jsonBytes) throw context.tooLarge('', facts.size, LIMITS.jsonBytes);
    return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(file));
  } catch (error) {
    if (error instanceof IsobathError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw IsobathError.of('ISO_ERR_MODEL_NOT_FOUND', { model: file }, error);
    }
    throw context.malformed(`it cannot be read: ${reasonOf(error)}`, error);
  }
}

function parsed(text: string, context: TfjsContext): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const begin = text.trimStart();
    // What a web server sends in place of a file that it does not have.
    if (begin.startsWith('<'))
      throw context.malformed('it is a web page, not JSON: the download failed', error);
    throw context.malformed(begin === '' ? 'it is empty' : `it is not JSON: ${reasonOf(error)}`, error);
  }
}

/** Models that tfjs keeps in a browser's storage have it as text. */
function topologyOf(json: Json, context: TfjsContext): Json {
  const found = fieldOf(json, 'modelTopology');
  const topology = typeof found === 'string' ? parsed(found, context) : found;
  if (topology === undefined && fieldOf(json, 'weightsManifest') === undefined) {
    throw context.malformed('it is JSON, but no TensorFlow.js model: it has no modelTopology');
  }
  if (!isRecord(topology)) throw context.malformed(`its modelTopology is ${kindOf(topology)}, not an object`);
  return topology;
}

/** The topology counts: files older than `format` do not have it, and some were given a wrong one by hand. */
function formatOf(json: Json, topology: Json, context: TfjsContext): TfjsFormat {
  if (Array.isArray(topology['node'])) return 'graph-model';
  if (topology['model_config'] !== undefined || topology['class_name'] !== undefined) return 'layers-model';
  const format = fieldOf(json, 'format');
  const named = format === undefined ? '' : ` (it says that its format is ${shown(format)})`;
  throw context.malformed(
    `its modelTopology has neither the layers of a layers model nor the nodes of a graph model${named}`,
  );
}

function kindOf(json: unknown): string {
  if (json === undefined) return 'missing';
  return Array.isArray(json) ? 'a list' : json === null ? 'null' : `a ${typeof json}`;
}
