import { type Command, InvalidArgumentError } from 'commander';
import { ACTIVATIONS, CHANNELS, FITS, LAYOUTS } from '../../formats/manifest-check.ts';
import {
  COORDINATES,
  type Coordinates,
  LIKES,
  type Like,
  RESIZES,
  type Resize,
} from '../../formats/pictures/resampling.ts';
import { oneOf, positiveNumber, type Shapes, several, shape, wholeNumber } from '../option-values.ts';

export interface ImportFlags {
  readonly name?: string;
  readonly version?: string;
  readonly models?: string;
  readonly manifest?: string;
  readonly shape?: Shapes;
  readonly input?: string;
  readonly channels?: (typeof CHANNELS)[number];
  readonly layout?: (typeof LAYOUTS)[number];
  readonly scale?: number;
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
  readonly fit?: (typeof FITS)[number];
  readonly resize?: Resize;
  readonly antialias?: boolean;
  readonly like?: Like;
  readonly coordinates?: Coordinates;
  readonly labels?: string;
  readonly activation?: (typeof ACTIVATIONS)[number];
  readonly license?: string;
  readonly golden?: readonly string[];
  readonly tolerance: number;
  readonly seed: number;
  readonly dryRun?: boolean;
  readonly engine?: string;
}

/** Wide enough for another device, another engine and another order of additions; a wrong filter is far outside. */
const TOLERANCE = 1e-3;

export function importOptions(target: Command): Command {
  return target
    .option('--models <directory>', 'directory of models; it is made where it does not exist')
    .option('--name <name>', 'name of the model; default: that of its manifest or file')
    .option('--version <number>', 'version; default: the next free number')
    .option('--dry-run', 'check and report, store nothing')
    .option('--shape <input=extents>', 'size of an open input, as image=1,3,224,224', shape)
    .option('--manifest <file>', 'take the manifest from this file; options below change it')
    .option('--labels <file>', 'one class per line: the model is a classifier')
    .option('--activation <name>', 'softmax: the output holds logits; none', oneOf(ACTIVATIONS))
    .option('--input <name>', 'graph input that takes the picture')
    .option('--channels <order>', 'of a picture: RGB, BGR, gray', oneOf(CHANNELS))
    .option('--layout <layout>', 'of the input: NCHW, NHWC; default: told by its shape', oneOf(LAYOUTS))
    .option('--scale <factor>', 'what a pixel of 0 to 255 is multiplied with; default: 1/255', factor)
    .option(
      '--mean <numbers>',
      'taken from each scaled value, one per channel, as 0.485,0.456,0.406',
      numbers,
    )
    .option('--std <numbers>', 'what that is divided by, one per channel, as 0.229,0.224,0.225', numbers)
    .option('--fit <way>', 'how a picture fills the input: cover, contain, stretch', oneOf(FITS))
    .option(
      '--like <library>',
      'whose pixels the model was trained on: torchvision, keras, opencv, tfjs',
      oneOf(LIKES),
    )
    .option(
      '--resize <kernel>',
      'lanczos, bilinear, bicubic, nearest, area; default: that of --like',
      oneOf(RESIZES),
    )
    .option('--antialias', 'every pixel counts where a picture is reduced; default: as --like does')
    .option('--no-antialias', 'only the nearest pixels count')
    .option(
      '--coordinates <rule>',
      'of --like tfjs: half-pixel, asymmetric, align-corners',
      oneOf(COORDINATES),
    )
    .option('--license <spdx>', 'license of the model')
    .option('--golden <input>', 'record what the model gives for this file, or for `random` values', several)
    .option(
      '--tolerance <fraction>',
      'of the golden outputs, of their largest magnitude',
      positiveNumber,
      TOLERANCE,
    )
    .option('--seed <number>', 'seed of random values', wholeNumber(0, 2 ** 31 - 1), 1);
}

/** `1/255` or a number. */
function factor(text: string): number {
  const [top, bottom = '1', ...rest] = text.split('/');
  const value = rest.length > 0 || top!.trim() === '' ? Number.NaN : Number(top) / Number(bottom);
  if (!Number.isFinite(value)) throw new InvalidArgumentError('It must be a number or as in 1/255.');
  return value;
}

function numbers(text: string): readonly number[] {
  const values = text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  if (!values.every(Number.isFinite)) throw new InvalidArgumentError('It must be as in 0.485,0.456,0.406.');
  return values;
}
