import type { Stage } from './plan.ts';

/** Weight of the newest observation. */
const FORGETTING = 0.3;

interface Desk {
  /** Inferences that were dealt to it and have not ended. */
  waiting: number;
  /** Of one inference, where several are on their way to it. */
  seconds: number;
}

/**
 * Deals the inferences of one stage out over its replicas: each to the one where it is expected to end first. How
 * long one takes is what the plan predicts, until it was seen. The master deals by it, and the simulation.
 */
export class Dealer {
  readonly #desks: Map<string, Desk>;

  constructor({ cost, shards }: Pick<Stage, 'cost' | 'shards'>) {
    const replicas = shards[0]!.replicas ?? [];
    this.#desks = new Map(
      replicas.map(({ worker, share }) => [
        worker,
        { waiting: 0, seconds: cost.seconds / (share * replicas.length) },
      ]),
    );
  }

  /** True for a replica. */
  holds(worker: string): boolean {
    return this.#desks.has(worker);
  }

  /** Of the workers that `may` take it, the one where it ends first; undefined where there is none. */
  choose(may: (worker: string) => boolean): string | undefined {
    let best: { worker: string; end: number } | undefined;
    for (const [worker, { waiting, seconds }] of this.#desks) {
      if (!may(worker)) continue;
      const end = (waiting + 1) * seconds;
      if (!best || end < best.end) best = { worker, end };
    }
    return best?.worker;
  }

  /** The inference goes to the worker. The function that is given tells its end, and how long it took, if it ended well. */
  begin(worker: string): (tookSeconds?: number) => void {
    const desk = this.#desks.get(worker)!;
    desk.waiting += 1;
    const ahead = desk.waiting;
    return (tookSeconds) => {
      desk.waiting -= 1;
      if (tookSeconds !== undefined) desk.seconds += FORGETTING * (tookSeconds / ahead - desk.seconds);
    };
  }
}

/** A dealer for each stage that has replicas, by its index. */
export function dealersOf(stages: readonly Stage[]): Map<number, Dealer> {
  return new Map(
    stages.flatMap((stage): [number, Dealer][] =>
      stage.shards[0]?.replicas ? [[stage.index, new Dealer(stage)]] : [],
    ),
  );
}
