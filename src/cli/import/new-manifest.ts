import { IsobathError } from '../../base/errors.ts';
import {
  labelLines,
  type Manifest,
  type PictureInput,
  parseManifest,
  readManifest,
} from '../../formats/manifest.ts';
import type { ResizeChoice } from '../../formats/pictures/resampling.ts';
import { bytesOfSource } from '../../formats/source.ts';
import { sizeOf } from '../../tensor/region.ts';
import type { ResolvedModel } from '../resolve-model.ts';
import type { ImportFlags } from './flags.ts';

/** What a manifest says before it has a version and golden outputs. */
export type Draft = Omit<Manifest, 'version' | 'golden'>;

/**
 * The manifest of a model as options, `--manifest` or the manifest beside the model say. Throws ISO_ERR_MANIFEST_INVALID
 * where they contradict each other or the model.
 */
export async function draftManifest(model: ResolvedModel, flags: ImportFlags, name: string): Promise<Draft> {
  const given = flags.manifest === undefined ? model.manifest : await readManifest(flags.manifest);
  const labels = flags.labels === undefined ? (given?.labels ?? []) : await labelsOf(flags.labels);
  const input = pictureInput(model, flags, given?.input);
  const output = outputOf(model, flags, given);
  const shapes = { ...given?.shapes, ...flags.shape };
  const license = flags.license ?? given?.license;
  const classifies = flags.labels !== undefined || flags.activation === 'softmax';
  const draft: Draft = {
    name,
    model: model.file?.toLowerCase().endsWith('.json') ? 'model.json' : 'model.onnx',
    task: classifies ? 'classification' : (given?.task ?? 'tensor'),
    ...(license === undefined ? {} : { license }),
    ...(input ? { input } : {}),
    ...(Object.keys(shapes).length > 0 ? { shapes } : {}),
    labels,
    ...(output ? { output } : {}),
  };
  parseManifest({ ...draft, version: '1' }, model.spec);
  const problems = misfits(model, draft);
  if (problems.length > 0) {
    throw IsobathError.of('ISO_ERR_MANIFEST_INVALID', {
      file: `of ${model.spec}`,
      problems: problems.join('; '),
    });
  }
  return draft;
}

async function labelsOf(file: string): Promise<string[]> {
  return labelLines(Buffer.from(await bytesOfSource(file)).toString('utf8'));
}

/** Undefined where nobody said how pictures are prepared: a guess would give wrong answers without a word. */
function pictureInput(
  { graph }: ResolvedModel,
  flags: ImportFlags,
  given: PictureInput | undefined,
): PictureInput | undefined {
  const { channels, layout, scale, mean, std, fit } = flags;
  const resizing = resizeFlags(flags);
  const stated =
    [channels, layout, scale, mean, std, fit].some((flag) => flag !== undefined) ||
    Object.keys(resizing).length > 0;
  if (!given && !stated) return undefined;
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
function resizeFlags({ resize, antialias, like, coordinates }: ImportFlags): ResizeChoice {
  return {
    ...(resize === undefined ? {} : { resize }),
    ...(antialias === undefined ? {} : { antialias }),
    ...(like === undefined ? {} : { like }),
    ...(coordinates === undefined ? {} : { coordinates }),
  };
}

function outputOf({ graph }: ResolvedModel, { activation }: ImportFlags, given: Manifest | undefined) {
  if (activation === undefined) return given?.output;
  return { name: given?.output?.name ?? graph.outputs[0]!, activation };
}

function misfits({ graph }: ResolvedModel, { input, output, labels, task }: Draft): string[] {
  const problems: string[] = [];
  const shape = input && graph.inputs.includes(input.name) ? graph.types.get(input.name)!.shape : undefined;
  if (input && !shape)
    problems.push(`input.name is ${input.name}, but the inputs are ${graph.inputs.join(', ')}`);
  if (input && shape) {
    const wanted = input.channels === 'gray' ? 1 : 3;
    const axis = input.layout === 'NHWC' ? 3 : 1;
    if (shape.length !== 4 || shape[0] !== 1 || shape[axis] !== wanted) {
      const [made, name] = [input.layout ?? 'NCHW', input.name];
      problems.push(
        `a picture makes ${wanted} channels in ${made} order, but the input ${name} is [${shape.join(', ')}]`,
      );
    }
  }
  const name = output?.name ?? graph.outputs[0]!;
  const type = graph.outputs.includes(name) ? graph.types.get(name) : undefined;
  if (!type) problems.push(`output.name is ${name}, but the outputs are ${graph.outputs.join(', ')}`);
  else if (task === 'classification' && labels.length > 0 && sizeOf(type.shape) !== labels.length) {
    problems.push(
      `there are ${labels.length} labels, but the output ${name} has ${sizeOf(type.shape)} values`,
    );
  }
  return problems;
}

function isChannels(extent: number | undefined): boolean {
  return extent === 1 || extent === 3;
}
