import { readFile, realpath, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, relative, resolve } from 'node:path';
import { IsobathError, reasonOf } from '../base/errors.ts';
import type { Detection } from './detection/spec.ts';
import {
  type ACTIVATIONS,
  type CHANNELS,
  checkManifest,
  type FITS,
  isInside,
  type LAYOUTS,
  type TASKS,
} from './manifest-check.ts';
import type { Coordinates, Like, Resize } from './pictures/resampling.ts';

/** How a picture becomes the model's input: each value is `(pixel * scale - mean) / std`, with pixels of 0 to 255. */
export interface PictureInput {
  /** The graph input that takes the picture. */
  readonly name: string;
  readonly channels: (typeof CHANNELS)[number];
  readonly scale: number;
  /** One value per channel, in the order of `channels`. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
  /** `cover` cuts off what is too wide or high, `contain` adds bars of `background`, `stretch` distorts. */
  readonly fit: (typeof FITS)[number];
  /** The kernel; default `bilinear` with `like`, `lanczos` without. */
  readonly resize?: Resize;
  /** Whether the kernel grows when the picture is reduced. Default: what the library of `like` does; Pillow does without. */
  readonly antialias?: boolean;
  /** The library whose pixels are wanted: rules of coordinates and rounding follow. Default: Pillow. */
  readonly like?: Like;
  /** Of `like` tfjs, where the caller chooses. Default `asymmetric`. */
  readonly coordinates?: Coordinates;
  /** Red, green, blue from 0 to 255. Default black. */
  readonly background?: readonly number[];
  /** Where the channels are, for a shape that does not tell: without it, on the axis that has their number. */
  readonly layout?: (typeof LAYOUTS)[number];
  /** In pixels, for a model whose input leaves them open. */
  readonly width?: number;
  readonly height?: number;
}

/** Inputs with the outputs that the model is known to give for them. Files are relative to the manifest. */
export interface GoldenFiles {
  /** Pictures, .npy or JSON, by input. */
  readonly inputs: Readonly<Record<string, string>>;
  /** .npy or JSON, by output; outputs that are not named are not compared. */
  readonly outputs: Readonly<Record<string, string>>;
  /** Largest difference that passes, as a part of the output's largest magnitude. */
  readonly tolerance: number;
}

/** What a model file does not say about itself: how its input is prepared and what its output means. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  /** The model file, relative to the manifest and inside its folder. */
  readonly model: string;
  readonly task: (typeof TASKS)[number];
  readonly license?: string;
  /** Absent where the model takes no pictures. */
  readonly input?: PictureInput;
  /** Of inputs whose dimensions the model file leaves open. */
  readonly shapes?: Readonly<Record<string, readonly number[]>>;
  /** One per class, in the order of the output; empty where the classes have no names. */
  readonly labels: readonly string[];
  /** `softmax`: the output holds logits, and the report applies the softmax. */
  readonly output?: { readonly name: string; readonly activation: (typeof ACTIVATIONS)[number] };
  /** An example input, relative to the manifest. */
  readonly sample?: string;
  /** What a version must still give, distributed, before requests go to it. */
  readonly golden?: readonly GoldenFiles[];
  /** How the outputs of a detection model become boxes. */
  readonly detection?: Detection;
}

/** As it is written in the file, where `labels` may name a file of one label per line. */
export type ManifestFile = Omit<Manifest, 'labels'> & { readonly labels: readonly string[] | string };

const MAX_BYTES = 4 * 1024 * 1024;

/** Checks a manifest. Throws one ISO_ERR_MANIFEST_INVALID that lists every problem; `file` names it there. */
export function parseManifest(json: unknown, file: string): ManifestFile {
  const problems = checkManifest(json);
  if (problems.length > 0) throw invalid(file, problems);
  return { labels: [], ...(json as Omit<ManifestFile, 'labels'>) };
}

/** Reads a manifest and the labels that it names. Throws ISO_ERR_MANIFEST_INVALID with every problem. */
export async function readManifest(path: string): Promise<Manifest> {
  let json: unknown;
  try {
    json = JSON.parse(await readText(path));
  } catch (error) {
    throw invalid(path, [reasonOf(error)], error);
  }
  const problems = checkManifest(json);
  const { labels = [] } = (json ?? {}) as { labels?: unknown };
  let names = labels;
  if (typeof labels === 'string' && isInside(labels)) {
    try {
      names = await readLabels(dirname(path), labels);
    } catch (error) {
      problems.push(`labels: ${labels} cannot be read: ${reasonOf(error)}`);
    }
  }
  if (problems.length > 0) throw invalid(path, problems);
  return { ...(json as Omit<Manifest, 'labels'>), labels: names as readonly string[] };
}

/** Shapes of the inputs that the model file leaves open, as far as the manifest tells. */
export function openShapes({ input, shapes = {} }: Manifest): Readonly<Record<string, readonly number[]>> {
  if (!input?.width || !input.height || Object.hasOwn(shapes, input.name)) return shapes;
  const channels = input.channels === 'gray' ? 1 : 3;
  const { width, height } = input;
  const shape = input.layout === 'NHWC' ? [1, height, width, channels] : [1, channels, height, width];
  return { ...shapes, [input.name]: shape };
}

/**
 * The manifest beside a model file: `<model>.manifest.json`, with or without the model's extension, or a
 * `manifest.json` that names the model or cannot be understood. Undefined where there is none.
 */
export async function findManifest(modelPath: string): Promise<string | undefined> {
  const folder = dirname(modelPath);
  const file = basename(modelPath);
  for (const stem of [basename(file, extname(file)), file]) {
    const path = join(folder, `${stem}.manifest.json`);
    if (await isFile(path)) return path;
  }
  const shared = join(folder, 'manifest.json');
  if (!(await isFile(shared))) return undefined;
  try {
    const { model } = JSON.parse(await readText(shared));
    return typeof model !== 'string' || resolve(folder, model) === resolve(modelPath) ? shared : undefined;
  } catch {
    return shared;
  }
}

/** One label per line; empty lines at the end are none. */
export function labelLines(text: string): string[] {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  while (lines.at(-1)?.trim() === '') lines.pop();
  return lines.map((line) => line.trim());
}

async function readLabels(folder: string, file: string): Promise<string[]> {
  return labelLines(await readText(await pathInside(folder, file)));
}

/** The real path, so that a link in an unpacked archive cannot show a file from elsewhere. Throws a plain Error. */
export async function pathInside(folder: string, file: string): Promise<string> {
  const path = await realpath(join(folder, file));
  if (!isInside(relative(await realpath(folder), path))) throw new Error('it lies outside the folder');
  return path;
}

async function readText(path: string): Promise<string> {
  const { size } = await stat(path);
  if (size > MAX_BYTES) throw new Error(`it has ${size} bytes, more than ${MAX_BYTES}`);
  return (await readFile(path, 'utf8')).replace(/^\uFEFF/, '');
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isFile(),
    () => false,
  );
}

function invalid(file: string, problems: readonly string[], cause?: unknown): IsobathError {
  return IsobathError.of('ISO_ERR_MANIFEST_INVALID', { file, problems: problems.join('; ') }, cause);
}
