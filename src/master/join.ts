import { knownTypeOf } from '../graph/graph.ts';
import type { Dataflow } from '../planner/dataflow.ts';
import { accumulate, place, type Summands, slice } from '../tensor/copy.ts';
import { type DType, elementBytes, type TypedArray } from '../tensor/dtype.ts';
import { isWhole, type Region } from '../tensor/region.ts';
import { bytesOf, Tensor, type TensorType } from '../tensor/tensor.ts';
import { placeFromWire } from '../tensor/wire-region.ts';
import { elementsOf } from '../wire/reassembly.ts';

/** Partial sums of one region, in the order of their shards. */
interface SumGroup {
  readonly order: readonly number[];
  next: number;
  readonly waiting: Map<number, Summands>;
}

/**
 * The tensors of one inference while their parts come in. Placed parts are copied straight to their place. Partial sums
 * are added in the order of the shards, whichever comes first, so that the same request always gives the same bits.
 */
export class JoinedTensors {
  /** As the tensors are kept. */
  readonly #types: ReadonlyMap<string, TensorType>;
  readonly #tensors = new Map<string, Tensor>();
  readonly #sums = new Map<string, SumGroup>();
  readonly #readers: Map<string, number>;
  /** The inputs, whose memory is that of the client, who may use it again. */
  readonly #given: ReadonlySet<string>;
  readonly #keep: ReadonlySet<string>;

  constructor(
    types: ReadonlyMap<string, TensorType>,
    flow: Dataflow,
    inputs: ReadonlyMap<string, Tensor>,
    outputs: readonly string[],
  ) {
    this.#types = types;
    this.#readers = new Map(flow.readers);
    this.#keep = new Set(outputs);
    this.#given = new Set(inputs.keys());
    for (const [name, tensor] of inputs) this.#tensors.set(name, tensor);
    for (const { id, planned } of flow.shards) {
      for (const { tensor, region, join } of planned.shard.outputs) {
        if (join === 'place') continue;
        const key = sumKey(tensor, region);
        const group = this.#sums.get(key);
        if (group) (group.order as number[]).push(id);
        else this.#sums.set(key, { order: [id], next: 0, waiting: new Map() });
      }
    }
  }

  /** The tensor as it is joined so far. */
  get(name: string): Tensor {
    const found = this.#tensors.get(name);
    if (found) return found;
    const { dtype, shape } = knownTypeOf(this.#types, name);
    const tensor = Tensor.zeros(dtype, shape);
    this.#tensors.set(name, tensor);
    return tensor;
  }

  /** The region of the tensor; all of one whose shape no one knew before it was there. */
  part(name: string, region: Region): Tensor {
    const tensor = this.get(name);
    return this.#types.has(name) ? slice(tensor, region) : tensor;
  }

  /** Writes bytes of a placed region, `offset` bytes from its start, as they arrive: of the tensor, or as the wire has it. */
  placeBytes(
    name: string,
    region: Region,
    offset: number,
    bytes: Uint8Array,
    wire: { readonly dtype: DType; readonly scales?: Float32Array | undefined },
  ): void {
    const tensor = this.get(name);
    const { dtype, shape, data } = tensor;
    const width = elementBytes(wire.dtype);
    if (dtype === wire.dtype) place(bytesOf(data), [...shape, width], [...region, [0, width]], bytes, offset);
    else placeFromWire(tensor, region, elementsOf(wire.dtype, bytes), wire.scales, offset / width);
  }

  /** Puts a whole part in its place. A part that is the whole tensor becomes the tensor, without a copy. */
  placePart(name: string, region: Region, part: Tensor): void {
    const type = this.#types.get(name) ?? part;
    if (isWhole(region, type.shape)) this.#tensors.set(name, part);
    else place(this.get(name).data, type.shape, region, part.data);
  }

  /** Takes the partial sum of shard `id`. The region is complete when each of its shards gave one. */
  addPart(name: string, region: Region, id: number, part: TypedArray): void {
    const group = this.#sums.get(sumKey(name, region))!;
    group.waiting.set(id, part as Summands);
    for (;;) {
      const turn = group.order[group.next];
      const sum = turn === undefined ? undefined : group.waiting.get(turn);
      if (sum === undefined) return;
      group.waiting.delete(turn!);
      const { dtype, shape } = knownTypeOf(this.#types, name);
      if (group.next > 0) accumulate(this.get(name).data as Summands, shape, region, sum);
      else if (isWhole(region, shape)) this.#tensors.set(name, Tensor.of(dtype, shape, ownArray(sum)));
      else place(this.get(name).data, shape, region, sum);
      group.next += 1;
    }
  }

  /** True where nobody but one reader is left that wants the tensor: who reads it last may take its memory. */
  isLastRead(name: string): boolean {
    return this.#readers.get(name) === 1 && !this.#keep.has(name) && !this.#given.has(name);
  }

  /** A reader of the tensor has ended; after the last one its memory is given back. */
  release(name: string): void {
    const left = this.#readers.get(name)! - 1;
    this.#readers.set(name, left);
    if (left === 0 && !this.#keep.has(name)) this.#tensors.delete(name);
  }
}

function sumKey(tensor: string, region: Region): string {
  return `${tensor}:${region.flat().join(',')}`;
}

/** The sum is written into; memory that something else may see is copied first. */
function ownArray(array: Summands): Summands {
  return array.byteLength === array.buffer.byteLength ? array : array.slice();
}
