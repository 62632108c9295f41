import type { SimulationOptions } from '../options.ts';
import type { SweptModel } from '../sweep.ts';

/** What `isobath simulate --json` prints, and the report shows. */
export interface SweepDocument {
  /** The device, or the fleet file. */
  readonly fleet: string;
  readonly agents: readonly number[];
  readonly links: readonly string[];
  readonly strategies: readonly string[];
  readonly objective: string;
  /** How feature maps travel. Default: float32. */
  readonly wire?: string;
  readonly simulation: SimulationOptions;
  readonly models: readonly SweptModel[];
}
