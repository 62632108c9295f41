import { describe, expect, it } from '@jest/globals';
import { topLabels } from '../../src/formats/labels.ts';
import { float32ToFloat16 } from '../../src/tensor/float16.ts';
import { Tensor } from '../../src/tensor/tensor.ts';

const output = Tensor.float32([1, 4], [0.25, 0.5, 0.25, 0]);

describe('topLabels', () => {
  it('sorts by probability, equal ones by index', () => {
    expect(topLabels(output, 3, ['cat', 'dog', 'cow', 'owl'])).toEqual([
      { label: 'dog', index: 1, probability: 0.5 },
      { label: 'cat', index: 0, probability: 0.25 },
      { label: 'cow', index: 2, probability: 0.25 },
    ]);
  });

  it('names classes that have no label', () => {
    expect(topLabels(output, 2, ['', 'dog']).map(({ label }) => label)).toEqual(['dog', 'class 0']);
    expect(topLabels(output, 1)[0]?.label).toBe('class 1');
  });

  it('gives no more than there are', () => {
    expect(topLabels(output, 10)).toHaveLength(4);
    expect(topLabels(output, 0)).toEqual([]);
    expect(topLabels(output, -1)).toEqual([]);
    expect(topLabels(Tensor.float32([0], []), 5)).toEqual([]);
  });

  it('applies the softmax to logits, large ones too', () => {
    const logits = Tensor.float32([1, 3, 1, 1], [1000, 1000 + Math.log(3), -1000]);
    const [first, second, third] = topLabels(logits, 3, [], 'softmax');
    expect(first!.index).toBe(1);
    expect(first!.probability).toBeCloseTo(0.75, 4);
    expect(second!.probability).toBeCloseTo(0.25, 4);
    expect(third!.probability).toBe(0);
  });

  it('reads float16, and puts NaN last', () => {
    const halves = float32ToFloat16(Float32Array.of(Number.NaN, 0.25, 0.75));
    expect(topLabels(Tensor.of('float16', [3], halves), 3).map(({ index }) => index)).toEqual([2, 1, 0]);
  });
});
