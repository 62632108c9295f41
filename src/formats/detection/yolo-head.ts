import type { Shape } from '../../tensor/region.ts';
import type { Heads, KeypointShape, YoloDetection } from './spec.ts';

/** Where in the values of a box its parts lie. */
export interface YoloHead {
  /** The first class, or the first value behind score and class of a `final` box. */
  readonly first: number;
  /** 0 for `final` boxes. */
  readonly classes: number;
  readonly objectness: boolean;
  readonly keypoints?: KeypointShape;
}

/** Mask coefficients of every published segmentation model of the family, and the 17 key points of COCO. */
const MASKS = 32;
const COCO: KeypointShape = [17, 3];

/**
 * The parts of a box of so many values: 4 of its place, perhaps one that says whether there is anything, as many classes as there are
 * labels, and what is known to follow them. Says in words what is missing where that does not come out: a rest that nobody
 * explained may be classes, and then labels would be wrong.
 */
export function yoloHead(detection: YoloDetection, values: number, heads: Heads): YoloHead | string {
  const { layout } = detection;
  if (layout === 'final') {
    const rest = explained(detection, values - 6, heads);
    return rest ? { first: 6, classes: 0, objectness: false, ...rest } : problem(detection, values, 6, 0);
  }
  const classes = heads.labels;
  if (classes === 0)
    return `\`labels\`, whose number tells which of its ${values} values per box are classes; there are none`;
  for (const objectness of objectnesses(detection)) {
    const first = objectness ? 5 : 4;
    const rest = explained(detection, values - first - classes, heads);
    if (rest) return { first, classes, objectness, ...rest };
  }
  return problem(detection, values, objectnesses(detection)[0] ? 5 : 4, classes);
}

/** In columns a value too many may be the angle of an oriented box, so nothing is concluded from it. */
function objectnesses({ objectness, layout }: YoloDetection): readonly boolean[] {
  if (objectness !== undefined) return [objectness];
  return layout === 'rows' ? [true, false] : [false];
}

/** What the values behind the classes are; undefined where that is not known. */
function explained(
  { keypoints }: YoloDetection,
  rest: number,
  { shapes }: Heads,
): { readonly keypoints?: KeypointShape } | undefined {
  if (keypoints) return rest === keypoints[0] * keypoints[1] ? { keypoints } : undefined;
  if (rest === 0 || rest === MASKS || (rest > 1 && prototypes(shapes).has(rest))) return {};
  return rest === COCO[0] * COCO[1] ? { keypoints: COCO } : undefined;
}

/** The masks that coefficients weigh are an output [1, masks, height, width] of their own. */
function prototypes(shapes: ReadonlyMap<string, Shape | undefined>): Set<number> {
  const found = [...shapes.values()].filter((shape) => shape?.length === 4 && shape[0] === 1);
  return new Set(found.map((shape) => shape![1]!));
}

function problem({ keypoints }: YoloDetection, values: number, first: number, classes: number): string {
  const parts = [
    first === 6
      ? '6 of box, score and class'
      : `${first} of the box${first === 5 ? ' and its objectness' : ''}`,
    ...(first === 6 ? [] : [`${classes} of the labels`]),
    ...(keypoints ? [`${keypoints[0]} * ${keypoints[1]} of key points`] : []),
  ];
  const rest = values - first - classes - (keypoints ? keypoints[0] * keypoints[1] : 0);
  const left = rest < 0 ? `${-rest} too few` : `${rest} that nothing explains`;
  const known = keypoints
    ? ''
    : '; behind them 32 or as many as there are mask prototypes are mask coefficients, 51 are key points, others are said by `keypoints`';
  const angle = rest === 1 ? '; 1 is mostly the angle of oriented boxes, which are not supported' : '';
  return `${parts.join(' + ')} values per box${known}. It has ${values}, ${left}${angle}`;
}
