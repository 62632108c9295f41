import type { Graph } from '../graph/graph.ts';
import type { DType } from '../tensor/dtype.ts';
import type { ChainPoint } from './chain.ts';
import { shardOf } from './cut.ts';
import { common, type Goal } from './exchange-points.ts';
import type { Run } from './run.ts';
import type { HaloPiece, Joined, Leg, Shard, TensorRegion } from './shard.ts';
import type { Work } from './work.ts';
import { bytesOfRegion } from './work.ts';

/** A shard that runs in legs. It prices as what all of them do together. */
export class LegShard implements Shard {
  readonly legs: readonly Leg[];
  readonly inputs: readonly TensorRegion[];
  readonly outputs: readonly Joined[];
  readonly macs: number;
  readonly filterBytes: number;
  readonly work: readonly Work[];
  readonly inputBytes: readonly number[];
  readonly outputBytes: readonly number[];
  readonly inputTypes: readonly DType[];
  readonly outputTypes: readonly DType[];
  readonly #makeAlone: () => Shard;
  #alone: Shard | undefined;

  constructor(legs: readonly Leg[], makeAlone: () => Shard) {
    const parts = legs.map(({ part }) => part);
    this.legs = legs;
    this.#makeAlone = makeAlone;
    this.inputs = parts[0]!.inputs;
    this.inputBytes = parts[0]!.inputBytes;
    this.inputTypes = parts[0]!.inputTypes;
    this.outputs = parts.at(-1)!.outputs;
    this.outputTypes = parts.at(-1)!.outputTypes;
    this.outputBytes = parts.at(-1)!.outputBytes;
    this.macs = parts.reduce((sum, { macs }) => sum + macs, 0);
    this.filterBytes = parts.reduce((sum, { filterBytes }) => sum + filterBytes, 0);
    this.work = parts.flatMap(({ work }) => work);
  }

  /** Made when first read: of the many that are priced, few are run. */
  get alone(): Shard {
    this.#alone ??= this.#makeAlone();
    return this.#alone;
  }

  get program(): Graph {
    return this.legs.at(-1)!.part.program;
  }
}

/**
 * The shards of a run that exchange at `points`. `goals` are by shard: what it makes at each point, and at the end of
 * the run. Undefined where one of them cannot be made like that.
 *
 *     rows of t1, made by    |   a    |   b    |   c    |
 *     leg 2 of b reads           [~~~~~~~~~~~~~~]
 *                                 piece  kept  piece
 */
export function legShards(
  run: Run,
  points: readonly ChainPoint[],
  goals: readonly (readonly Goal[])[],
): Shard[] | undefined {
  const bounds = [0, ...points.map(({ at }) => at), run.nodes.length];
  const parts: Shard[][] = [];
  for (const own of goals) {
    const shards: Shard[] = [];
    for (const [leg, { placed }] of own.entries()) {
      const nodes = run.nodes.slice(bounds[leg], bounds[leg + 1]);
      const part = shardOf({ graph: run.graph, nodes }, { placed });
      if (!part || (leg > 0 && part.inputs.length !== 1)) return undefined;
      shards.push(part);
    }
    parts.push(shards);
  }
  /** What shard `to` reads in its leg `leg` of what shard `from` made in the leg before. */
  const pieceOf = (leg: number, from: number, to: number) =>
    common(goals[from]![leg - 1]!.placed[0]!.region, parts[to]![leg]!.inputs[0]!.region);
  const pieces = (leg: number, regionOf: (other: number) => ReturnType<typeof pieceOf>): HaloPiece[] =>
    goals.flatMap((_, shard) => {
      const region = regionOf(shard);
      const { tensor } = points[leg - 1]!;
      return region ? [{ shard, region, bytes: bytesOfRegion(run.graph, tensor, region) }] : [];
    });
  return parts.map((shards, own) => {
    const others = (of: (other: number) => ReturnType<typeof pieceOf>) => (other: number) =>
      other === own ? undefined : of(other);
    const legs = shards.map(
      (part, leg): Leg => ({
        part,
        kept: leg > 0 ? pieceOf(leg, own, own) : undefined,
        receives:
          leg > 0
            ? pieces(
                leg,
                others((from) => pieceOf(leg, from, own)),
              )
            : [],
        sends:
          leg + 1 < shards.length
            ? pieces(
                leg + 1,
                others((to) => pieceOf(leg + 1, own, to)),
              )
            : [],
      }),
    );
    return new LegShard(legs, () => shardOf(run, { placed: goals[own]!.at(-1)!.placed })!);
  });
}
