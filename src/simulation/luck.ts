import { loadOf } from '../estimator/courses.ts';
import type { FleetModel } from '../estimator/fleet-model.ts';
import type { Course } from '../estimator/stage-summary.ts';
import { chance, DRAW } from './chance.ts';
import type { SimulationOptions } from './options.ts';

/** What happens to a shard of an inference that should not. Nothing ever does to the master's own. */
export class Luck {
  readonly #model: FleetModel;
  readonly #options: SimulationOptions;

  constructor(model: FleetModel, options: SimulationOptions) {
    this.#model = model;
    this.#options = options;
  }

  /** How many times as long as planned the agent computes. */
  slownessOf(inference: number, shard: number): number {
    const { stragglers, load = 0, seed = 1 } = this.#options;
    const usual = 1 / (1 - load);
    if (!stragglers || chance(seed, inference, shard, DRAW.straggler) >= stragglers.share) return usual;
    return usual * stragglers.factor;
  }

  losesIfm(inference: number, shard: number, { worker, shard: { inputBytes } }: Course): boolean {
    return !worker.isMaster && this.#loses(inference, shard, DRAW.ifmLost, inputBytes);
  }

  losesOfm(inference: number, shard: number, { worker, shard: { outputBytes } }: Course): boolean {
    return !worker.isMaster && this.#loses(inference, shard, DRAW.ofmLost, outputBytes);
  }

  /** One lost message is enough. */
  #loses(inference: number, shard: number, draw: number, sizes: readonly number[]): boolean {
    const { loss = 0, seed = 1 } = this.#options;
    if (loss === 0) return false;
    const { messages } = loadOf(this.#model, sizes);
    return chance(seed, inference, shard, draw) < 1 - (1 - loss) ** messages;
  }
}
