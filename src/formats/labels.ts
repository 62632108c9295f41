import type { Tensor } from '../tensor/tensor.ts';
import { convertTensor } from './convert.ts';
import type { Manifest } from './manifest.ts';
import { softmax } from './softmax.ts';

export interface TopLabel {
  /** `class 17` where class 17 has no name. */
  readonly label: string;
  readonly index: number;
  readonly probability: number;
}

/**
 * The `k` most probable classes, the first one first; of equal ones the lower index. `output` holds one value per
 * class, of any shape; `activation` says what must still be done to make probabilities of them.
 */
export function topLabels(
  output: Tensor,
  k: number,
  labels: readonly string[] = [],
  activation: NonNullable<Manifest['output']>['activation'] = 'none',
): TopLabel[] {
  const values = convertTensor(output, 'float64').data;
  const probabilities = activation === 'softmax' ? softmax(values) : values;
  // NaN, of a broken model, is less probable than anything.
  const rank = (index: number) =>
    Number.isNaN(probabilities[index]) ? Number.NEGATIVE_INFINITY : probabilities[index]!;
  return Array.from(probabilities.keys())
    .sort((a, b) => (rank(a) === rank(b) ? a - b : rank(b) > rank(a) ? 1 : -1))
    .slice(0, Math.max(0, k))
    .map((index) => ({
      label: labels[index] || `class ${index}`,
      index,
      probability: probabilities[index]!,
    }));
}
