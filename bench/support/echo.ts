import type { CompiledProgram, Engine } from '../../src/engine/engine.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { inferTypes } from '../../src/graph/infer.ts';
import { Tensor } from '../../src/tensor/tensor.ts';

/** An engine that gives its input back at once: what is left is the way there and back. */
export class EchoEngine implements Engine {
  readonly name = 'onnxruntime';
  readonly version = 'echo';
  readonly threads = 1;

  async start(): Promise<void> {}
  async stop(): Promise<void> {}

  async compile(program: Graph): Promise<CompiledProgram> {
    const [output] = program.outputs;
    const { shape } = program.types.get(output!)!;
    return {
      run: async ([input]) => ({ outputs: [input!.reshaped(shape)], computeMs: 0 }),
      dispose: async () => {},
    };
  }
}

/** One depthwise convolution with a kernel of 1 x 1: what goes in is as large as what comes out. */
export function echoGraph(channels: number, extent: number): Graph {
  const ints = (value: readonly number[]) => ({ type: 'ints', value }) as const;
  const attributes = { kernel_shape: ints([1, 1]), group: { type: 'int', value: channels } as const };
  return inferTypes({
    name: 'echo',
    opsets: { '': 13 },
    inputs: ['x'],
    outputs: ['y'],
    nodes: [{ name: 'conv', op: 'Conv', domain: '', inputs: ['x', 'w'], outputs: ['y'], attributes }],
    initializers: new Map([['w', Tensor.zeros('float32', [channels, 1, 1, 1])]]),
    types: new Map([['x', { dtype: 'float32', shape: [1, channels, extent, extent] }]]),
  });
}
