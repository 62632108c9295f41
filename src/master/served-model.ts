import type { Manifest } from '../formats/manifest.ts';
import type { Graph } from '../graph/graph.ts';
import type { PlanOptions } from '../planner/strategies.ts';

/** A model that the master serves. */
export interface ServedModel extends PlanOptions {
  readonly name: string;
  /** With complete `types`. */
  readonly graph: Graph;
  readonly manifest?: Manifest;
}
