import { dirname } from 'node:path';
import {
  type GoldenFiles,
  labelLines,
  type Manifest,
  type PictureInput,
  parseManifest,
  readManifest,
} from '../../formats/manifest.ts';
import { checkAgainstModel } from '../../formats/manifest-fit.ts';
import type { ResizeChoice } from '../../formats/pictures/resampling.ts';
import { bytesOfSource } from '../../formats/source.ts';
import type { ResolvedModel } from '../resolve-model.ts';
import type { ImportFlags } from './flags.ts';

/** What a manifest says before it has a version. */
export type Draft = Omit<Manifest, 'version'>;

/** A draft, and the folder that its files are relative to, where it was read from one. */
export interface Drafted {
  readonly draft: Draft;
  readonly folder?: string;
}

/**
 * The manifest of a model as options, `--manifest` or the manifest beside the model say. Throws ISO_ERR_MANIFEST_INVALID
 * where they contradict each other or the model.
 */
export async function draftManifest(
  model: ResolvedModel,
  flags: ImportFlags,
  name: string,
): Promise<Drafted> {
  const given = flags.manifest === undefined ? model.manifest : await readManifest(flags.manifest);
  const from = flags.manifest ?? model.manifestFile;
  const labels = flags.labels === undefined ? undefined : await labelsOf(flags.labels);
  const draft = draftOf(given, model, flags, { name, ...(labels ? { labels } : {}) });
  const file = from ?? `of ${model.spec}`;
  parseManifest({ ...draft, version: '1' }, file);
  checkAgainstModel(draft, model.graph, file);
  return { draft, ...(from === undefined ? {} : { folder: dirname(from) }) };
}

/** All that `given` says, but what the options say otherwise. New golden outputs take the place of the old ones. */
export function draftOf(
  given: Manifest | undefined,
  model: Pick<ResolvedModel, 'graph' | 'file'>,
  flags: Omit<ImportFlags, 'tolerance' | 'seed'>,
  said: { readonly name: string; readonly labels?: readonly string[] },
): Draft {
  const { version: _, golden, ...kept } = given ?? { version: '', labels: [] };
  const input = pictureInput(model, flags, given?.input);
  const output = outputOf(model, flags, given);
  const shapes = { ...given?.shapes, ...flags.shape };
  return {
    ...kept,
    ...said,
    model: model.file?.toLowerCase().endsWith('.json') ? 'model.json' : 'model.onnx',
    task: taskOf(flags, given),
    ...(flags.license === undefined ? {} : { license: flags.license }),
    ...(input ? { input } : {}),
    ...(Object.keys(shapes).length > 0 ? { shapes } : {}),
    ...(output ? { output } : {}),
    ...(golden && !flags.golden?.length ? { golden } : {}),
  };
}

/** The text of a manifest file that is read as `draft` again; `recorded` are new golden cases. */
export function storedManifest(draft: Draft, version: string, recorded: readonly GoldenFiles[]): string {
  const { name, ...rest } = draft;
  const manifest = { name, version, ...rest, ...(recorded.length > 0 ? { golden: recorded } : {}) };
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

function taskOf({ labels, activation }: Partial<ImportFlags>, given: Manifest | undefined): Manifest['task'] {
  // the labels of a detection model are those of what it finds
  const classifies = activation === 'softmax' || (labels !== undefined && given?.task !== 'detection');
  return classifies ? 'classification' : (given?.task ?? 'tensor');
}

async function labelsOf(file: string): Promise<string[]> {
  return labelLines(Buffer.from(await bytesOfSource(file)).toString('utf8'));
}

/** Undefined where nobody said how pictures are prepared: a guess would give wrong answers without a word. */
function pictureInput(
  { graph }: Pick<ResolvedModel, 'graph'>,
  flags: Partial<ImportFlags>,
  given: PictureInput | undefined,
): PictureInput | undefined {
  const { channels, layout, scale, mean, std, fit } = flags;
  const resizing = resizeFlags(flags);
  const stated =
    [flags.input, channels, layout, scale, mean, std, fit].some((flag) => flag !== undefined) ||
    Object.keys(resizing).length > 0;
  if (!stated) return given;
  const name = flags.input ?? given?.name ?? graph.inputs[0]!;
  const shape = graph.types.get(name)?.shape ?? [];
  const last = !isChannels(shape[1]) && isChannels(shape[3]);
  const chosen = layout ?? given?.layout ?? (last ? 'NHWC' : 'NCHW');
  const depth = chosen === 'NHWC' ? shape[3] : shape[1];
  const order = channels ?? given?.channels ?? (depth === 1 ? 'gray' : 'RGB');
  const each = (value: number) => new Array<number>(order === 'gray' ? 1 : 3).fill(value);
  return {
    ...given,
    ...resizing,
    name,
    channels: order,
    scale: scale ?? given?.scale ?? 1 / 255,
    mean: mean ?? given?.mean ?? each(0),
    std: std ?? given?.std ?? each(1),
    fit: fit ?? given?.fit ?? 'cover',
    ...(chosen === 'NHWC' ? { layout: chosen } : {}),
  };
}

/** Those of the options that were given. */
function resizeFlags({ resize, antialias, like, coordinates }: Partial<ImportFlags>): ResizeChoice {
  return {
    ...(resize === undefined ? {} : { resize }),
    ...(antialias === undefined ? {} : { antialias }),
    ...(like === undefined ? {} : { like }),
    ...(coordinates === undefined ? {} : { coordinates }),
  };
}

function outputOf(
  { graph }: Pick<ResolvedModel, 'graph'>,
  { activation }: Partial<ImportFlags>,
  given: Manifest | undefined,
) {
  if (activation === undefined) return given?.output;
  return { name: given?.output?.name ?? graph.outputs[0]!, activation };
}

function isChannels(extent: number | undefined): boolean {
  return extent === 1 || extent === 3;
}
