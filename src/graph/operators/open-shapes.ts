import type { Node } from '../graph.ts';
import type { OperatorFamily, OperatorSpec } from './spec.ts';

/** How many elements come out is told by the elements that go in: no run on other values can teach it. */
const open: OperatorSpec = { open: true, infer: () => [] };

export const OPEN_SHAPES: OperatorFamily = {
  NonMaxSuppression: open,
  NonZero: open,
  Compress: open,
  Unique: open,
  ImageDecoder: open,
  If: open,
  Loop: open,
};

/** What is no tensor of numbers, but a list of tensors, a tensor that may be absent, or text. No engine hands it out. */
export const NO_TENSORS: OperatorFamily = {
  SequenceEmpty: open,
  SequenceConstruct: open,
  SequenceInsert: open,
  SequenceErase: open,
  SequenceMap: open,
  SplitToSequence: open,
  Optional: open,
  StringNormalizer: open,
  StringConcat: open,
  StringSplit: open,
};

/** Attributes by which an operator of classical machine learning is told to give text. */
const TEXTS = ['classlabels_strings', 'values_strings', 'cats_strings', 'default_string'];

function givesText({ attributes }: Node): boolean {
  return TEXTS.some((name) => Object.hasOwn(attributes, name));
}

/** As `NO_TENSORS`, of the domain ai.onnx.ml. */
export const NO_TENSORS_ML: ReadonlyMap<string, OperatorSpec['open']> = new Map<string, OperatorSpec['open']>(
  [
    ['ZipMap', true],
    ['LabelEncoder', givesText],
    ['CategoryMapper', givesText],
    ['TreeEnsembleClassifier', givesText],
    ['LinearClassifier', givesText],
    ['SVMClassifier', givesText],
  ],
);

/**
 * The inputs whose elements tell the output's shape, by operator of the standard domain. Where one of them depends on the
 * model's input, so does the shape. Of reductions it is the input 1, which names axes.
 */
const SHAPED_BY: ReadonlyMap<string, readonly number[]> = new Map(
  Object.entries({
    AffineGrid: [1],
    BlackmanWindow: [0],
    CenterCropPad: [1],
    Col2Im: [1, 2],
    ConstantOfShape: [0],
    DFT: [1, 2],
    Expand: [1],
    HammingWindow: [0],
    HannWindow: [0],
    MaxUnpool: [2],
    MelWeightMatrix: [0, 1],
    OneHot: [1],
    Pad: [1, 3],
    Range: [0, 1, 2],
    Reshape: [1],
    Resize: [1, 2, 3],
    STFT: [1, 3],
    Slice: [1, 2, 3, 4],
    Split: [1],
    Squeeze: [1],
    Tile: [1, 2],
    TopK: [1],
    Unsqueeze: [1],
    Upsample: [1],
  }),
);

/** The tensors whose elements tell the shape of what the node makes. */
export function shapingInputs({ op, domain, inputs }: Node): string[] {
  if (domain !== '') return [];
  const places = SHAPED_BY.get(op) ?? (op.startsWith('Reduce') ? [1] : []);
  return places.map((at) => inputs[at] ?? '').filter((name) => name !== '');
}
