import { type Shape, sizeOf } from '../../../tensor/region.ts';
import type { GraphWriter } from './writer.ts';

export const DATA_FORMATS = ['channels_last', 'channels_first'] as const;
export type DataFormat = (typeof DATA_FORMATS)[number];

/**
 * A tensor of the Keras model. It is there as Keras has it (`plain`), with its last axis moved before the spatial ones
 * (`mapped`: what convolutions compute on), or both; what is missing is made when somebody asks.
 *
 *     shape  [N, H, W, C]     plain [N, H, W, C]     mapped [N, C, H, W]
 */
export class Value {
  /** As Keras has it. */
  readonly shape: Shape;
  readonly #graph: GraphWriter;
  #plain: string | undefined;
  #mapped: string | undefined;

  private constructor(
    graph: GraphWriter,
    shape: Shape,
    plain: string | undefined,
    mapped: string | undefined,
  ) {
    this.#graph = graph;
    this.shape = shape;
    this.#plain = plain;
    this.#mapped = mapped;
  }

  static plain(graph: GraphWriter, tensor: string): Value {
    const shape = graph.shapeOf(tensor);
    return new Value(graph, shape, tensor, shape.length < 3 ? tensor : undefined);
  }

  static mapped(graph: GraphWriter, tensor: string): Value {
    const [batch, channels, ...spatial] = graph.shapeOf(tensor);
    if (spatial.length === 0) return Value.plain(graph, tensor);
    return new Value(graph, [batch!, ...spatial, channels!], undefined, tensor);
  }

  static of(graph: GraphWriter, tensor: string, format: DataFormat): Value {
    return format === 'channels_first' ? Value.plain(graph, tensor) : Value.mapped(graph, tensor);
  }

  get rank(): number {
    return this.shape.length;
  }

  /** True where the mapped form is there, so that computing on it costs no transposition. */
  get isMapped(): boolean {
    return this.rank > 2 && this.#mapped !== undefined;
  }

  /** The tensor in a form that is there. */
  get tensor(): string {
    return this.#mapped ?? this.#plain!;
  }

  plain(): string {
    this.#plain ??= this.#moved(this.#mapped!, [0, ...range(2, this.rank), 1], 'channels_last');
    return this.#plain;
  }

  mapped(): string {
    this.#mapped ??= this.#moved(
      this.#plain!,
      [0, this.rank - 1, ...range(1, this.rank - 1)],
      'channels_first',
    );
    return this.#mapped;
  }

  /** N x C x spatial, where Keras has the channels as `format` says. */
  channelsFirst(format: DataFormat): string {
    return format === 'channels_first' ? this.plain() : this.mapped();
  }

  /** The result of a computation in which every element kept its place in `tensor`. */
  like(tensor: string): Value {
    return this.isMapped ? Value.mapped(this.#graph, tensor) : Value.plain(this.#graph, tensor);
  }

  /** Where the Keras axis (counted from the front, or from the back where negative) is in `tensor`. */
  axisOf(axis: number): number {
    const positive = axis < 0 ? axis + this.rank : axis;
    if (!this.isMapped || positive === 0) return positive;
    return positive === this.rank - 1 ? 1 : positive + 1;
  }

  /** Where only one of the moved axes is longer than 1, moving is renaming. */
  #moved(tensor: string, perm: readonly number[], suffix: string): string {
    const shape = this.#graph.shapeOf(tensor);
    const channels = shape[suffix === 'channels_last' ? 1 : this.rank - 1]!;
    const name = `${tensor}/${suffix}`;
    if (channels !== 1 && sizeOf(shape) / (shape[0]! * channels) !== 1) {
      return this.#graph.node(name, 'Transpose', [tensor], { perm });
    }
    const moved = perm.map((axis) => shape[axis]!);
    return this.#graph.node(name, 'Reshape', [tensor, this.#graph.integers(`${name}/shape`, moved)]);
  }
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, at) => from + at);
}
