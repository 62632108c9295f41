import { describe, expect, it } from '@jest/globals';
import { GraphBuilder } from '../../src/zoo/builder.ts';

describe('GraphBuilder', () => {
  it('names a node, its output and its constants after each other', () => {
    const builder = new GraphBuilder('small', 1);
    const image = builder.input('image', [1, 4, 9, 7]);
    const x = builder.conv('conv', image, { channels: 6, kernel: [3, 1], stride: 2, pad: [1, 0], groups: 2 });
    const graph = builder.build([x]);
    expect(graph.nodes).toEqual([
      {
        name: 'conv',
        op: 'Conv',
        domain: '',
        inputs: ['image', 'conv/filters', 'conv/bias'],
        outputs: ['conv'],
        attributes: {
          kernel_shape: { type: 'ints', value: [3, 1] },
          strides: { type: 'ints', value: [2, 2] },
          pads: { type: 'ints', value: [1, 0, 1, 0] },
          group: { type: 'int', value: 2 },
        },
      },
    ]);
    expect(graph.types.get('conv')).toEqual({ dtype: 'float32', shape: [1, 6, 5, 4] });
    expect(graph.types.get('conv/filters')?.shape).toEqual([6, 2, 3, 1]);
    expect(graph).toMatchObject({ name: 'small', opsets: { '': 13 }, inputs: ['image'], outputs: ['conv'] });
  });

  it('shares the bounds of all relu6 nodes', () => {
    const builder = new GraphBuilder('small', 1);
    const image = builder.input('image', [1, 2, 2, 2]);
    const graph = builder.build([builder.relu6('second', builder.relu6('first', image))]);
    expect(graph.nodes.map(({ op, inputs }) => [op, ...inputs])).toEqual([
      ['Clip', 'image', 'relu6/min', 'relu6/max'],
      ['Clip', 'first', 'relu6/min', 'relu6/max'],
    ]);
    expect([...graph.initializers.values()].map(({ shape, data }) => [shape, ...data])).toEqual([
      [[], 0],
      [[], 6],
    ]);
  });

  it('joins channels and flattens', () => {
    const builder = new GraphBuilder('small', 1);
    const a = builder.input('a', [1, 2, 3, 5]);
    const b = builder.input('b', [1, 4, 3, 5]);
    const joined = builder.concat('joined', [a, b]);
    expect(builder.shapeOf(joined)).toEqual([1, 6, 3, 5]);
    expect(builder.shapeOf(builder.flatten('flat', joined))).toEqual([1, 90]);
    expect(builder.shapeOf(builder.averagePool('pool', joined, { kernel: 3, pad: 1 }))).toEqual([1, 6, 3, 5]);
  });

  it('refuses a name that is taken or unknown', () => {
    const builder = new GraphBuilder('small', 1);
    const image = builder.input('image', [1, 2, 2, 2]);
    builder.relu('relu', image);
    expect(() => builder.relu('relu', image)).toThrow('already has a tensor relu');
    expect(() => builder.relu('other', 'nothing')).toThrow('no tensor nothing');
  });
});
