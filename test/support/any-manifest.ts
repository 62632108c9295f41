import fc from 'fast-check';
import type {
  Detection,
  SsdDetection,
  YoloDetection,
  YoloGridDetection,
} from '../../src/formats/detection/spec.ts';
import type { GoldenFiles, Manifest, PictureInput } from '../../src/formats/manifest.ts';
import { COORDINATES, LIKES, RESIZES, resizeProblems } from '../../src/formats/pictures/resampling.ts';

/** A value for each field, whether it is needed or not: a new field without one does not compile. */
type Fields<T> = { readonly [K in keyof T]-?: fc.Arbitrary<Exclude<T[K], undefined>> };

/** Every field that is needed, and any of the others. */
function some<T extends object, K extends keyof T>(fields: Fields<T>, requiredKeys: readonly K[]) {
  return fc.record(fields as Fields<Required<T>>, {
    requiredKeys: requiredKeys as never,
    noNullPrototype: true,
  }) as unknown as fc.Arbitrary<T>;
}

const name = fc.stringMatching(/^[a-z][a-z0-9_/:.]{0,12}$/);
const path = fc.stringMatching(/^[a-z0-9_]{1,8}(\/[a-z0-9_]{1,8}){0,2}\.[a-z]{3}$/);
const number = fc
  .double({ min: -1e6, max: 1e6, noNaN: true, noDefaultInfinity: true })
  .map((value) => value + 0);
const positive = fc.double({ min: 1e-6, max: 1e3, noNaN: true });
const fraction = fc.double({ min: 0, max: 1, noNaN: true }).map((value) => value + 0);
const whole = (min: number, max: number) => fc.integer({ min, max });
const few = <T>(item: fc.Arbitrary<T>) => fc.array(item, { minLength: 1, maxLength: 3 });
const numbers = (length: number) => fc.array(number, { minLength: length, maxLength: length });
const files = fc.dictionary(name, path, { minKeys: 1, maxKeys: 2, noNullPrototype: true });

const thresholds = {
  scoreThreshold: fraction,
  iouThreshold: fraction,
  maxDetections: whole(0, 300),
  classAgnostic: fc.boolean(),
};
const units = fc.constantFrom('pixels' as const, 'normalised' as const);
const encoding = fc.constantFrom(
  'corners' as const,
  'corners-yx' as const,
  'centre' as const,
  'centre-yx' as const,
);

const ssd = some<SsdDetection, 'type' | 'boxes' | 'scores' | 'encoding' | 'units'>(
  {
    ...{ ...thresholds, type: fc.constant('ssd' as const), boxes: name, scores: name, classes: name, units },
    ...{ encoding: fc.constantFrom('centre' as const, 'centre-yx' as const), background: whole(0, 100) },
    activation: fc.constantFrom('none' as const, 'sigmoid' as const, 'softmax' as const),
    ...{ priors: few(numbers(4)), variances: numbers(2) },
  },
  ['type', 'boxes', 'scores', 'encoding', 'units'],
);
const yolo = some<YoloDetection, 'type' | 'layout'>(
  {
    ...{
      ...thresholds,
      type: fc.constant('yolo' as const),
      output: name,
      objectness: fc.boolean(),
      units,
      encoding,
    },
    layout: fc.constantFrom('columns' as const, 'rows' as const, 'final' as const),
    strides: few(whole(1, 64)),
    keypoints: fc.tuple(whole(1, 100), whole(2, 3)),
  },
  ['type', 'layout'],
);
const yoloGrid = some<YoloGridDetection, 'type' | 'grids'>(
  {
    ...{ ...thresholds, type: fc.constant('yolo-grid' as const) },
    grids: few(fc.record({ output: name, anchors: few(numbers(2)) }, { noNullPrototype: true })),
    anchorUnits: fc.constantFrom('pixels' as const, 'cells' as const),
    activation: fc.constantFrom('sigmoid' as const, 'softmax' as const),
  },
  ['type', 'grids'],
);
const detection: Record<Detection['type'], fc.Arbitrary<Detection>> = { ssd, yolo, 'yolo-grid': yoloGrid };

const input = fc.constantFrom('RGB' as const, 'BGR' as const, 'gray' as const).chain((channels) => {
  const count = channels === 'gray' ? 1 : 3;
  const each = (item: fc.Arbitrary<number>) => fc.array(item, { minLength: count, maxLength: count });
  return some<PictureInput, 'name' | 'channels' | 'scale' | 'mean' | 'std' | 'fit'>(
    {
      ...{
        name,
        channels: fc.constant(channels),
        scale: number.filter((value) => value !== 0),
        mean: each(number),
        std: each(positive),
      },
      fit: fc.constantFrom('cover' as const, 'contain' as const, 'stretch' as const),
      background: fc.array(whole(0, 255), { minLength: 3, maxLength: 3 }),
      layout: fc.constantFrom('NCHW' as const, 'NHWC' as const),
      ...{ width: whole(1, 4096), height: whole(1, 4096) },
      ...{ resize: fc.constantFrom(...RESIZES), antialias: fc.boolean() },
      ...{ like: fc.constantFrom(...LIKES), coordinates: fc.constantFrom(...COORDINATES) },
    },
    ['name', 'channels', 'scale', 'mean', 'std', 'fit'],
  ).filter((each) => resizeProblems(each).length === 0);
});

const golden = some<GoldenFiles, keyof GoldenFiles>({ inputs: files, outputs: files, tolerance: positive }, [
  'inputs',
  'outputs',
  'tolerance',
]);

type Needed = 'name' | 'version' | 'model' | 'task' | 'labels';
const fields = (task: Manifest['task'], kind: fc.Arbitrary<Detection>) =>
  some<Manifest, Needed | 'detection'>(
    {
      ...{ name, version: name, model: path, task: fc.constant(task), license: name, input, sample: path },
      shapes: fc.dictionary(name, few(whole(1, 4096)), { minKeys: 1, maxKeys: 2, noNullPrototype: true }),
      labels: fc.array(fc.string({ maxLength: 5 }), { maxLength: 4 }),
      output: fc.record(
        { name, activation: fc.constantFrom('none' as const, 'softmax' as const) },
        { noNullPrototype: true },
      ),
      ...{ golden: few(golden), detection: kind },
    },
    ['name', 'version', 'model', 'task', 'labels', 'detection'],
  );

/** Manifests that say anything that a manifest may say; what they say fits no model. */
export const anyManifest: fc.Arbitrary<Manifest> = fc.oneof(
  ...Object.values(detection).map((kind) => fields('detection', kind)),
  fc
    .constantFrom('classification' as const, 'tensor' as const)
    .chain((task) => fields(task, yolo))
    .map(({ detection: _, ...plain }) => plain),
);
